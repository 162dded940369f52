"""Sentences misheard at a rate, always in the same way."""

from pypinyin import lazy_pinyin

from training.confuse import Confuser, alike

SAID = "我想查一下这个月的账单为什么多了这么多钱" * 20


def test_the_rate_holds_and_most_sound_alike() -> None:
    heard = Confuser(1, 0.05).heard(SAID)
    assert heard == Confuser(1, 0.05).heard(SAID) != Confuser(2, 0.05).heard(SAID)
    assert Confuser(1, 0.0).heard(SAID) == SAID
    swapped = Confuser(3, 1.0).heard("账")
    assert swapped != "账" and set(lazy_pinyin(swapped)) <= alike("zhang")


def test_what_is_taken_for_what() -> None:
    assert alike("zhang") == {"zhang", "zang", "zhan"}
    assert {"lan", "nan"} <= alike("nan") and alike("shi") == {"shi", "si"}
