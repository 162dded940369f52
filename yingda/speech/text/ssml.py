"""The part of SSML 1.1 that the voice knows; docs/speech-api.md lists it. Other tags keep their text.

`parse` is for calls and lenient where nothing can be done any more. What a designer got wrong is found
before by ssml_check, with the same tables and readers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from yingda.speech.text import say_as
from yingda.speech.voice.manner import (
    AS_SET,
    FASTEST,
    HIGHEST,
    LOUDEST_DB,
    LOWEST,
    SLOWEST,
    SOFTEST_DB,
    Manner,
)

# Tags, and the attributes that each may have; those of `speak` say nothing to us.
TAGS: dict[str, tuple[str, ...]] = {
    "speak": ("version", "lang", "schemaLocation"),
    "p": (),
    "s": (),
    "voice": ("name",),
    "prosody": ("rate", "pitch", "volume"),
    "emphasis": ("level",),
    "break": ("time", "strength"),
    "sub": ("alias",),
    "say-as": ("interpret-as", "format"),
}
BREAKS_MS = {"none": 0, "x-weak": 100, "weak": 200, "medium": 400, "strong": 700, "x-strong": 1000}
LONGEST_BREAK_MS = 10_000
EMPHASES = {
    "strong": Manner(pace=0.9, volume_db=2.0),
    "moderate": Manner(pace=0.95, volume_db=1.0),
    "none": Manner(),
    "reduced": Manner(pace=1.05, volume_db=-2.0),
}
_RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.2, "x-fast": 1.5}
_PITCHES = {"x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0}
_VOLUMES = {
    "silent": SOFTEST_DB, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0,
    "loud": 3.0, "x-loud": 6.0,
}  # fmt: skip
_ENDS = "。！？；，、："


class SsmlError(ValueError):
    """The text begins like SSML and is none."""


@dataclass(frozen=True)
class Span:
    """Text in one manner (as the request has it, unless the SSML changes it), and the silence after it."""

    text: str
    manner: Manner = AS_SET
    pause_ms: int = 0


def is_ssml(text: str) -> bool:
    """Whether a text is meant as SSML."""
    return text.lstrip().startswith("<speak")


def parse(text: str, on_unknown_tag: Callable[[str], None] | None = None) -> list[Span]:
    """Spans of SSML, or one span of plain text. Raises SsmlError. Every tag that is not known is told."""
    if not is_ssml(text):
        return [Span(text)]
    spans: list[Span] = []
    _walk(root_of(text), Manner(), spans, on_unknown_tag or (lambda tag: None))
    return [Span(span.text.strip(), span.manner, span.pause_ms) for span in spans]


def root_of(text: str) -> ElementTree.Element:
    """The tree of a text that is SSML. Raises SsmlError."""
    if "<!" in text:
        raise SsmlError("SSML with a document type, a comment or an entity is not accepted")
    try:
        return ElementTree.fromstring(text.strip())
    except ElementTree.ParseError as error:
        raise SsmlError(f"SSML is not well-formed: {error}") from None


def name_of(node: ElementTree.Element) -> str:
    """The tag without its namespace."""
    return str(node.tag).rsplit("}", 1)[-1]


def _walk(
    node: ElementTree.Element, outer: Manner, spans: list[Span], on_unknown_tag: Callable[[str], None]
) -> None:
    tag = name_of(node)
    inner = outer.with_inner(manner_of(node))
    if tag not in TAGS:
        on_unknown_tag(tag)
    if tag == "break":
        spans.append(Span("", outer, break_ms(node)))
    elif tag == "sub":
        _say(node.get("alias") or node.text, inner, spans)
    elif tag == "say-as":
        kind, form = node.get("interpret-as", ""), node.get("format", "")
        _say(say_as.said("".join(node.itertext()), kind, form), inner, spans)
    else:
        _say(node.text, inner, spans)
        for child in node:
            _walk(child, inner, spans, on_unknown_tag)
        if tag in ("s", "p") and spans and spans[-1].text.rstrip()[-1:] not in _ENDS:
            _say("。", spans[-1].manner, spans)
    _say(node.tail, outer, spans)


def _say(text: str | None, manner: Manner, spans: list[Span]) -> None:
    """Text that goes on in the same manner is one span: it is said in one breath."""
    if not text or not text.strip():
        return
    last = spans[-1] if spans else None
    if last is not None and last.text and last.manner == manner:
        spans[-1] = Span(last.text + text, manner)
    else:
        spans.append(Span(text, manner))


def manner_of(node: ElementTree.Element) -> Manner:
    """What a tag asks for its content. Raises SsmlError."""
    tag = name_of(node)
    if tag == "voice":
        return Manner(voice=node.get("name", ""))
    if tag == "emphasis":
        return EMPHASES.get(node.get("level", "moderate"), EMPHASES["moderate"])
    if tag == "prosody":
        return Manner("", rate(node.get("rate")), pitch(node.get("pitch")), volume(node.get("volume")))
    return Manner()


def rate(text: str | None) -> float:
    """ "fast", "90%", "0.9" or "+10%" as a pace. Raises SsmlError."""
    if text is None or text in _RATES:
        return _RATES[text or "default"]
    match = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)(%?)", text)
    if match is None:
        raise SsmlError(f"prosody rate {text!r}: expected a word such as fast, or a percentage such as 90%")
    sign, number, percent = match.groups()
    value = float(number) / (100 if percent else 1)
    pace = 1 + value if sign == "+" else 1 - value if sign == "-" else value
    if not SLOWEST <= pace <= FASTEST:
        raise SsmlError(f"prosody rate {text!r}: expected 25% to 400%")
    return pace


def pitch(text: str | None) -> float:
    """ "high", "+2st" or "-10%" in semitones. Raises SsmlError."""
    if text is None or text in _PITCHES:
        return _PITCHES[text or "default"]
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)(st|%)", text)
    if match is None or text[0] not in "+-":
        raise SsmlError(f"prosody pitch {text!r}: expected x-low to x-high, or a change such as +2st or -10%")
    value = float(match[1])
    if match[2] == "%":
        value = 12 * math.log2(1 + value / 100) if value > -100 else -math.inf
    if not LOWEST <= value <= HIGHEST:
        raise SsmlError(f"prosody pitch {text!r}: expected {LOWEST:g}st to +{HIGHEST:g}st")
    return value


def volume(text: str | None) -> float:
    """ "loud" or "+6dB" in dB. Raises SsmlError."""
    if text is None or text in _VOLUMES:
        return _VOLUMES[text or "default"]
    match = re.fullmatch(r"([+-]\d+(?:\.\d+)?)dB", text)
    if match is None:
        raise SsmlError(f"prosody volume {text!r}: expected silent to x-loud, or a change such as +6dB")
    if not SOFTEST_DB <= float(match[1]) <= LOUDEST_DB:
        raise SsmlError(f"prosody volume {text!r}: expected {SOFTEST_DB:g}dB to +{LOUDEST_DB:g}dB")
    return float(match[1])


def break_ms(node: ElementTree.Element) -> int:
    """The silence of a break; what cannot be read is a medium one."""
    given = time_ms(node.get("time", ""))
    if given is not None:
        return min(LONGEST_BREAK_MS, given)
    return BREAKS_MS.get(node.get("strength", "medium"), BREAKS_MS["medium"])


def time_ms(text: str) -> int | None:
    """ "300ms" or "1.5s"; None for what is neither."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text)
    return None if match is None else round(float(match[1]) * (1000 if match[2] == "s" else 1))
