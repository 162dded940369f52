"""How a response is to be said: the keys of its metadata in domain.yml, made into SSML for the voice.

    metadata: {voice: female_1, style: apologetic, rate: 0.9, pitch: +1st, volume: +3dB, pause_before_ms: 300}

A style is a set of such values, no more: the voice has no feelings of its own. A key that stands beside it
wins over the style's. A leaf without I/O: the voice channel, the speech server and the check of domain.yml
use it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

KEYS = ("voice", "style", "rate", "pitch", "volume", "pause_before_ms")

STYLES: dict[str, dict[str, Any]] = {
    "neutral": {},
    "warm": {"rate": 0.95, "pitch": "+0.5st"},
    "apologetic": {"rate": 0.9, "pitch": "-1st", "volume": "-1dB", "pause_before_ms": 200},
    "cheerful": {"rate": 1.05, "pitch": "+1.5st", "volume": "+1dB"},
    "serious": {"rate": 0.92, "pitch": "-1st"},
}

RATE = (0.5, 2.0)
PITCH_ST = (-6.0, 6.0)
VOLUME_DB = (-20.0, 12.0)
PAUSE_MS = (0, 3000)

_SPEAK = re.compile(r"\s*<speak[^>]*>(.*)</speak>\s*", re.DOTALL)
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def mistakes(metadata: Any) -> dict[str, str]:
    """What is wrong with the keys that are about speaking: key -> what was found and what was expected."""
    if not isinstance(metadata, Mapping):
        return {}
    found = {key: _mistake(key, metadata[key]) for key in KEYS if key in metadata}
    return {key: text for key, text in found.items() if text}


def markup(text: str, metadata: Any) -> str:
    """`text`, plain or SSML, as SSML that holds what the metadata asks for; as it is where it asks nothing.

    A key with a mistake counts as left out: the words matter more.
    """
    if not isinstance(metadata, Mapping):
        return text
    wrong = mistakes(metadata)
    given = {key: metadata[key] for key in KEYS if key in metadata and key not in wrong}
    wanted = {**STYLES[given.pop("style", "neutral")], **given}
    match = _SPEAK.fullmatch(text)
    if not wanted or (match is None and text.lstrip().startswith("<speak")):
        return text
    inner = match[1] if match else escape(_NOT_IN_XML.sub("", text))
    changes: dict[str, str] = {key: str(wanted[key]) for key in ("rate", "pitch", "volume") if key in wanted}
    if changes:
        inner = f"<prosody{_attributes(changes)}>{inner}</prosody>"
    if "voice" in wanted:
        inner = f"<voice{_attributes({'name': wanted['voice']})}>{inner}</voice>"
    pause = f'<break time="{wanted["pause_before_ms"]}ms"/>' if wanted.get("pause_before_ms") else ""
    return f"<speak>{pause}{inner}</speak>"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def _mistake(key: str, value: Any) -> str:
    if key == "voice":
        expected = "the name of a voice"
        good = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value) is not None
    elif key == "style":
        expected, good = "one of " + ", ".join(STYLES), isinstance(value, str) and value in STYLES
    elif key == "rate":
        expected, good = f"a number {RATE[0]:g}-{RATE[1]:g}, above 1 faster", _is_within(value, RATE, float)
    elif key == "pause_before_ms":
        expected = f"milliseconds {PAUSE_MS[0]}-{PAUSE_MS[1]}"
        good = _is_within(value, PAUSE_MS, int)
    else:
        unit, limits = ("st", PITCH_ST) if key == "pitch" else ("dB", VOLUME_DB)
        match = re.fullmatch(rf"([+-]\d+(?:\.\d+)?){unit}", value) if isinstance(value, str) else None
        good = match is not None and _is_within(float(match[1]), limits, float)
        expected = f"{limits[0]:+g}{unit} to {limits[1]:+g}{unit}, such as +1{unit}"
    return "" if good else f"got {value!r}, expected {expected}"


def _is_within(value: Any, limits: tuple[float, float], kind: type) -> bool:
    is_number = isinstance(value, (int, kind)) and not isinstance(value, bool)
    return is_number and limits[0] <= value <= limits[1]
