"""Texts that are not of the kind that say-as names. What is said for those that are: the golden file."""

import pytest

from yingda.speech.text.say_as import read, said


@pytest.mark.requirement(21)
@pytest.mark.parametrize(
    ("kind", "form", "text"),
    [
        ("date", "", "2026-13-03"),
        ("date", "md", "2026-11-03"),
        ("date", "ymd", "11-03"),
        ("date", "", "明天"),
        ("date", "xyz", "2026-11-03"),
        ("time", "", "25:00"),
        ("time", "", "14点"),
        ("money", "", "很多"),
        ("money", "", "12元3"),
        ("percent", "", "85个"),
        ("number", "", "12次"),
        ("ordinal", "", "1.5"),
        ("digits", "", "12元"),
        ("phone", "", "一三八"),
        ("characters", "", " "),
        ("nonsense", "", "12"),
    ],
)
def test_a_text_of_another_kind_is_not_read(kind: str, form: str, text: str) -> None:
    assert read(text, kind, form) is None


def test_what_is_not_of_the_kind_is_said_as_near_to_it_as_can_be() -> None:
    assert said("尾号12元", "digits") == "尾号幺二元"
    assert said("共1,024次", "number") == "共一千零二十四次"
    assert said("2026-13-03", "date") == "2026-13-03"


def test_numbers_are_told_in_the_groups_of_the_telephone() -> None:
    groups = {
        "13812345678": "幺三八，幺二三四，五六七八",
        "0571-88886666": "零五七幺，八八八八，六六六六",
        "4008208820": "四零零，八二零，八八二零",
        "88886666": "八八八八，六六六六",
        "95588": "九五五八八",
        "+86 138 1234 5678": "加八六，幺三八，幺二三四，五六七八",
    }
    assert {number: read(number, "phone") for number in groups} == groups
