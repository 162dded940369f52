"""Languages that a model can be told."""

import pytest

from yingda.speech.hearing import languages

KNOWN = ("en-US", "zh-CN", "zh-TW", "auto")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("zh-CN", "zh-CN"),
        ("zh_cn", "zh-CN"),
        ("ZH", "zh-CN"),
        ("auto", "auto"),
        ("xx", None),
        ("", None),
        ("z", None),
    ],
)
def test_a_language_is_found_however_it_is_written(wanted: str, meant: str | None) -> None:
    assert languages.resolve(wanted, KNOWN) == meant


def test_a_long_list_is_cut() -> None:
    assert languages.listed(KNOWN, 2) == "auto, en-US, ..."
