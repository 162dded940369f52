"""The part of SSML 1.1 that Riva clients use: break, prosody rate, sub, say-as, speak; other tags keep
their text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from yingda.speech.numbers_zh import decimal, digit_by_digit

_RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.2, "x-fast": 1.5}
_BREAKS_MS = {"none": 0, "x-weak": 100, "weak": 200, "medium": 400, "strong": 700, "x-strong": 1000}
LONGEST_BREAK_MS = 10_000
_DIGITS = ("digits", "telephone", "characters", "spell-out", "verbatim", "id")
_NUMBERS = {"cardinal": "", "number": "", "ordinal": "第"}  # others read like plain text


class SsmlError(ValueError):
    """The text begins like SSML and is none."""


@dataclass(frozen=True)
class Span:
    """Text at one pace (1.0: as usual), and the silence after it."""

    text: str
    pace: float = 1.0
    pause_ms: int = 0


def parse(text: str) -> list[Span]:
    """Spans of SSML, or one span of plain text. Raises SsmlError."""
    if not text.lstrip().startswith("<speak"):
        return [Span(text)]
    if "<!" in text:
        raise SsmlError("SSML with a document type or an entity is not accepted")
    try:
        root = ElementTree.fromstring(text.strip())
    except ElementTree.ParseError as error:
        raise SsmlError(f"SSML is not well-formed: {error}") from None
    spans: list[Span] = []
    _walk(root, 1.0, spans)
    return spans


def _walk(node: ElementTree.Element, pace: float, spans: list[Span]) -> None:
    tag = node.tag.rsplit("}", 1)[-1]
    inner = _pace(node.get("rate"), pace) if tag == "prosody" else pace
    if tag == "break":
        spans.append(Span("", pace, _break_ms(node)))
    elif tag == "sub":
        _say(node.get("alias") or node.text, inner, spans)
    elif tag == "say-as" and node.get("interpret-as") in (*_DIGITS, *_NUMBERS):
        _say(_said_as(node.text or "", node.get("interpret-as", "")), inner, spans)
    else:
        _say(node.text, inner, spans)
        for child in node:
            _walk(child, inner, spans)
    _say(node.tail, pace, spans)


def _said_as(text: str, kind: str) -> str:
    if kind in _DIGITS:
        return re.sub(r"\d+", lambda m: digit_by_digit(m.group()), text)
    number = re.sub(r"\d+(?:\.\d+)?", lambda m: decimal(m.group()), text.replace(",", ""))
    return _NUMBERS[kind] + number


def _say(text: str | None, pace: float, spans: list[Span]) -> None:
    if text and text.strip():
        spans.append(Span(text.strip(), pace))


def _pace(rate: str | None, outer: float) -> float:
    if rate is None:
        return outer
    if rate in _RATES:
        return outer * _RATES[rate]
    match = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)(%?)", rate)
    if match is None:
        raise SsmlError(f"prosody rate {rate!r}: expected a word such as fast, or a percentage")
    sign, number, percent = match.groups()
    value = float(number) / (100 if percent else 1)
    pace = outer * (1 + value if sign == "+" else 1 - value if sign == "-" else value)
    if not 0.25 <= pace <= 4:
        raise SsmlError(f"prosody rate {rate!r}: expected 25 % to 400 %")
    return pace


def _break_ms(node: ElementTree.Element) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", node.get("time", ""))
    if match:
        return min(LONGEST_BREAK_MS, round(float(match.group(1)) * (1000 if match.group(2) == "s" else 1)))
    return _BREAKS_MS.get(node.get("strength", "medium"), _BREAKS_MS["medium"])
