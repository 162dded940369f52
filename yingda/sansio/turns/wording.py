"""Small judgements about Mandarin text that turn taking needs.  Words are counted in characters."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]+|[^。！？；!?;\n]+$")
_NOT_SPOKEN = re.compile(r"[\s。，、！？；：,.!?;:~～…—\-\"'“”‘’《》()（）]+")
_BACKCHANNEL = re.compile(
    r"(?:嗯+|呃+|哦+|噢+|啊+|哎|唉|对+|对的|是+|是的|好+|好的|好吧|行|行的|可以|ok|OK|明白|知道了|这样)+"
)
_YES_NO = re.compile(
    r"(?:嗯+|对+|对的|是|是的|没错|好|好的|行|可以|要|需要|不|不是|不对|不要|不用|不用了|不行|没有|没|不需要|谢谢)+"
    r"(?:啊|呀|吧|的|了)?"
)
_DIGIT = re.compile(r"[0-9零〇一二三四五六七八九幺两]")
_HOW_MANY = re.compile(r"[0-9一二三四五六七八九十两]+位数?")


def sentences(text: str) -> list[str]:
    """Pieces of ``text`` that can be synthesised one by one; joined they are ``text`` again."""
    pieces: list[str] = []
    for piece in _SENTENCE.findall(text):
        if pieces and not spoken(piece):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return [piece for piece in pieces if spoken(piece)]


def spoken(text: str) -> str:
    """``text`` without blanks and punctuation."""
    return _NOT_SPOKEN.sub("", text)


def is_backchannel(text: str) -> bool:
    """Only "I am listening": 嗯, 对, 好的 and their like."""
    return _BACKCHANNEL.fullmatch(spoken(text)) is not None


def digits_are_missing(text: str, expect: str, max_digits: int | None) -> bool:
    """Is `text` the beginning of the digits asked for?"""
    return expect == "digits" and 0 < _digits(text) < (max_digits or 0)


def _digits(text: str) -> int:
    """How many digits are said; 四 in 后四位 is none of them."""
    return len(_DIGIT.findall(_HOW_MANY.sub("", spoken(text))))


def looks_complete(text: str, expect: str, max_digits: int | None) -> bool:
    """Nothing more is to be expected after ``text``, given what was asked for."""
    words = spoken(text)
    if expect == "digits" and max_digits:
        return _digits(text) >= max_digits
    if expect == "yes_no":
        return _YES_NO.fullmatch(words) is not None
    return False


def looks_unfinished(text: str, openers: Iterable[str], endings: Iterable[str]) -> bool:
    """More is to be expected after ``text``: only ``openers``, or it breaks off at one of ``endings``.

    好的 and 是的 are answers, although they end like 我的.
    """
    words = spoken(text)
    opener = "|".join(re.escape(spoken(word)) for word in openers)
    if opener and re.fullmatch(f"(?:{opener})+", words):
        return True
    return not is_backchannel(words) and words.endswith(tuple(spoken(word) for word in endings))


def prefix(text: str, share: float) -> str:
    """The first ``share`` (0-1) of ``text``, rounded down to whole characters."""
    return text[: max(0, min(len(text), int(len(text) * share + 1e-9)))]
