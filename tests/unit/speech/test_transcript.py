"""Text of models that write text."""

import pytest

from yingda.speech.transcript import Transcriber, tidy


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("你好，请问 <zh-CN>", "你好 请问".replace(" ", "")),
        ("我 要 查 账单。", "我要查账单"),
        ("尾号 8866 的 卡", "尾号8866的卡"),
        ("开通 5G 套餐", "开通5G 套餐"),
        ("", ""),
    ],
)
def test_tags_blanks_and_marks_go(raw: str, said: str) -> None:
    assert tidy(raw, punctuation=False) == said


def test_marks_stay_when_asked_for() -> None:
    assert tidy("你好，请问？<zh-CN>", punctuation=True) == "你好，请问？"


def test_without_a_decoder_text_passes() -> None:
    transcript = Transcriber(None).read("你 好", 0.5, None, False)
    assert (transcript.text, transcript.confidence) == ("你好", 0.5)
    assert Transcriber(None).read("", 0.0, None, False).confidence == 0.0
