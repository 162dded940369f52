"""Chinese text to tonal syllables and to the phonemes that the teacher voice reads.

Labels are the citation readings of jieba's words (pypinyin, TONE3, neutral tone 5): the same
readings that the
lexicon of the recogniser holds, so that a syllable sequence always finds its word again.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import jieba
from pypinyin import Style, lazy_pinyin

from yingda.speech.text import readings

_HAN = re.compile("[\u4e00-\u9fff]")
_PAUSES = {"，": ",", "、": ",", "；": ";", "：": ":", "。": ".", "！": "!", "？": "?", ",": ",", ".": "."}
# pypinyin leaves a few colloquial readings to chance; what a caller says is fixed here.
_SAID = {"幺": ("yao1",), "嗯": ("en1",), "哦": ("o4",), "喂": ("wei2",), "唉": ("ai1",), "诶": ("ei1",)}


@dataclass(frozen=True)
class Syllable:
    """One spoken character: its tonal syllable and the teacher's phoneme string for it."""

    char: str
    pinyin: str
    ipa: str


@functools.lru_cache(maxsize=4096)
def ipa_of(pinyin: str) -> str:
    """Phonemes of one tonal syllable, in the alphabet of the teacher model."""
    from misaki.transcription import pinyin_to_ipa  # the teacher's package: only its own speech needs it
    from misaki.zh import ZHG2P

    return "".join(ZHG2P.retone(p) for p in pinyin_to_ipa(pinyin)[0]).replace(chr(815), "")


@functools.lru_cache(maxsize=1)
def _readings() -> None:
    readings.install()


@functools.lru_cache(maxsize=200_000)
def word_syllables(word: str) -> tuple[str, ...]:
    """Tonal syllables of one word, one for each character."""
    _readings()
    if word in _SAID:
        return _SAID[word]
    return tuple(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))


def words(text: str) -> list[list[Syllable] | str]:
    """Split text into words of syllables and pause marks; raises ValueError on anything that
    cannot be spoken."""
    _readings()
    out: list[list[Syllable] | str] = []
    for segment in re.findall("[\u4e00-\u9fff]+|[^\u4e00-\u9fff]", text):
        if _HAN.match(segment):
            for word in jieba.cut(segment):
                out.append(
                    [Syllable(c, p, ipa_of(p)) for c, p in zip(word, word_syllables(word), strict=True)]
                )
        elif segment in _PAUSES:
            out.append(_PAUSES[segment])
        elif not segment.isspace():
            raise ValueError(
                f"cannot speak {segment!r} in {text!r}: spell numbers and letters as Chinese characters"
            )
    return out


def phonemes(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """Return the phoneme string and, for each syllable, (pinyin, first, past-last index in the string)."""
    string, spans = "", []
    for item in words(text):
        if isinstance(item, str):
            string = string.rstrip() + item + " "
            continue
        for s in item:
            spans.append((s.pinyin, len(string), len(string) + len(s.ipa)))
            string += s.ipa
        string += " "
    return string.rstrip(), spans


def syllables(text: str) -> list[str]:
    """Tonal syllables of a text, pauses left out."""
    return [s.pinyin for item in words(text) if not isinstance(item, str) for s in item]
