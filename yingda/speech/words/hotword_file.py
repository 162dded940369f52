"""The designers' hotwords: hotwords.yml at the repository root, read at start and again when it changes.

Topics, each with a list of words: `余额`, `国际漫游包: 12`, or `5G: {weight: 12, say: wu3 ji4}`,
where `say` may also be characters, or a list of both.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from yingda.plumbing.settings import shown
from yingda.speech.hearing.recogniser import BOOST
from yingda.speech.metrics import Metrics
from yingda.speech.words import boosts
from yingda.speech.words.boosts import Phrase
from yingda.speech.words.lexicon import Sounds

log = logging.getLogger(__name__)
LEAST, MOST = 0.0, 20.0  # weight
SHORTEST, LONGEST = 2, 32  # characters: one alone would be heard everywhere
MOST_WORDS = 2000
CHECK_EVERY_S = 2.0
_KEYS = ("weight", "say")
_A_WORD = "a word, `word: weight`, or `word: {weight: 8, say: wu3 ji4}`"
# yaml's own loader is ten times slower, and the file is read while calls are heard
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class HotwordError(Exception):
    """The file cannot be used. The text names file, line and key, and what to do."""


def parse(text: str, name: str, sounds: Sounds | None) -> tuple[tuple[Phrase, ...], list[str]]:
    """The file's words, and its mistakes, a line each. `name` is how messages call the file; without
    `sounds`, whether the recogniser knows how to hear a word is not checked."""
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return (), [f"{name}:{line}: is not valid YAML: {error.problem}; correct the line"]
    except yaml.YAMLError as error:
        return (), [f"{name}:1: is not valid YAML: {error}; correct it"]
    reader = _Reader(name, sounds)
    reader.read(node)
    return tuple(reader.words.values()), reader.problems


def read(path: Path, sounds: Sounds | None) -> tuple[Phrase, ...]:
    """The words of a file. Raises HotwordError with the first mistake."""
    expected = "expected topics with lists of words; restore it, or set recogniser.hotwords_file to null"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise HotwordError(f"{path}: cannot be read ({error.strerror}); {expected}") from None
    except UnicodeDecodeError:
        raise HotwordError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    words, problems = parse(text, str(path), sounds)
    if problems:
        more = f" (and {len(problems) - 1} more; make check-dialogue lists them)" if problems[1:] else ""
        raise HotwordError(problems[0] + more)
    return words


class Hotwords:
    """The file's words, kept up to date: looked at when a stream opens, but not more often than every
    CHECK_EVERY_S. A file that has become wrong changes nothing until it is right again."""

    def __init__(
        self,
        path: Path | None,
        sounds: Sounds | None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a `path` there are no words. Raises HotwordError."""
        self._path, self._sounds, self._metrics, self._clock = path, sounds, metrics, clock
        self._seen = self._stamp()
        self._words = read(path, self._sounds) if path is not None else ()
        self._next_s = clock() + CHECK_EVERY_S

    def words(self) -> tuple[Phrase, ...]:
        """What stands in the file, or stood there when it was last right."""
        if self._path is None or self._clock() < self._next_s:
            return self._words
        self._next_s = self._clock() + CHECK_EVERY_S
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self._reload(self._path)
        return self._words

    def _reload(self, path: Path) -> None:
        try:
            self._words = read(path, self._sounds)
        except HotwordError as error:
            log.warning("the hotwords stay as they were: %s", error)
            if self._metrics is not None:
                self._metrics.count("speech_hotword_errors_total")
        else:
            log.info("%s: %d hotwords", path, len(self._words))

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat is not None else None


@dataclass(frozen=True)
class _Given:
    """One word's place, and what the file says of it."""

    at: yaml.Node
    weight: yaml.Node | None = None
    say: yaml.Node | None = None


class _Reader:
    def __init__(self, name: str, sounds: Sounds | None) -> None:
        self._name, self._sounds = name, sounds
        self._lines: dict[str, int] = {}
        self.words: dict[str, Phrase] = {}
        self.problems: list[str] = []

    def read(self, node: yaml.Node | None) -> None:
        if node is None or _is_null(node):
            return
        if not isinstance(node, yaml.MappingNode):
            self._problem(
                node, "expected topics with lists of words (业务: [余额, 账单]); put them under a topic"
            )
            return
        for topic, words in node.value:
            where = f"topic {topic.value}"
            if _is_null(words):
                continue
            if not isinstance(words, yaml.SequenceNode):
                self._problem(words, f"{where}: expected a list; begin each word's line with '- '")
                continue
            for item in words.value:
                self._entry(where, item)
        if len(self.words) > MOST_WORDS:
            text = (
                f"{len(self.words)} words, expected at most {MOST_WORDS}; take out those that are heard well"
            )
            self._problem(node, text)

    def _entry(self, where: str, item: yaml.Node) -> None:
        if isinstance(item, yaml.ScalarNode) and not _is_null(item):
            self._word(where, _Given(item))
        elif isinstance(item, yaml.MappingNode) and len(item.value) == 1:
            word, about = item.value[0]
            if not isinstance(word, yaml.ScalarNode):
                self._problem(item, f"{where}: expected {_A_WORD}")
            elif isinstance(about, yaml.MappingNode):
                self._word(where, self._about(where, word, about))
            else:
                self._word(where, _Given(word, weight=about))
        else:
            self._problem(item, f"{where}: expected {_A_WORD}; give each word a line of its own")

    def _about(self, where: str, word: yaml.ScalarNode, about: yaml.MappingNode) -> _Given:
        found: dict[str, yaml.Node] = {}
        for key, value in about.value:
            if key.value in _KEYS:
                found[key.value] = value
            else:
                expected = f"expected {' or '.join(_KEYS)}; correct or remove it"
                self._problem(key, f"{where}, key {word.value}.{key.value}: is unknown, {expected}")
        return _Given(word, found.get("weight"), found.get("say"))

    def _word(self, where: str, given: _Given) -> None:
        word = str(given.at.value).strip()
        where = f"{where}, key {word}"
        if not SHORTEST <= len(word) <= LONGEST or not boosts.written(word):
            self._problem(
                given.at,
                f"{where}: got {len(word)} characters, expected {SHORTEST}-{LONGEST} of a word to say",
            )
            return
        same = boosts.written(word)
        if same in self._lines:
            self._problem(
                given.at, f"{where}: stands in line {self._lines[same]} already, expected once; remove one"
            )
            return
        self._lines[same] = given.at.start_mark.line + 1
        weight, said = self._weight(where, given.weight), tuple(self._readings(where, given))
        self.words[word] = (word, weight, said) if said else (word, weight)

    def _weight(self, where: str, node: yaml.Node | None) -> float:
        if node is None:
            return BOOST
        try:
            weight = float(node.value) if isinstance(node, yaml.ScalarNode) else None
        except ValueError:
            weight = None
        if weight is not None and LEAST <= weight <= MOST:  # NaN is refused here too
            return weight
        got = shown(node.value) if isinstance(node, yaml.ScalarNode) else "a list"
        expected = f"expected a number {LEAST:g}-{MOST:g}"
        self._problem(node, f"{where}.weight: got {got}, {expected}; {BOOST:g} is usual, 0 changes nothing")
        return BOOST

    def _readings(self, where: str, given: _Given) -> Iterator[str]:
        """Of `say`; without one, only whether the word itself can be read."""
        if given.say is None:
            unknown = self._unknown(str(given.at.value))
            if unknown is not None:
                text = f"{where}: {unknown}; add how it is said, for instance say: wu3 ji4"
                self._problem(given.at, text)
            return
        for node in given.say.value if isinstance(given.say, yaml.SequenceNode) else [given.say]:
            reading = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
            unknown = self._unknown(reading)
            if unknown is None:
                yield reading
            else:
                expected = "expected characters (五吉) or syllables with tones (wu3 ji4)"
                self._problem(node, f"{where}.say: {unknown}; {expected}")

    def _unknown(self, reading: str) -> str | None:
        """What the recogniser cannot hear of a reading."""
        if boosts.is_pinyin(reading):
            known = self._sounds.syllables if self._sounds else None
            wrong = next((s for s in reading.split() if known is not None and s not in known), None)
            return None if wrong is None else f"{wrong!r} is no syllable of Mandarin"
        if wrong := boosts.strange(reading):
            return f"{wrong!r} has no reading in the lexicon"
        said = boosts.spoken(reading)
        if not said:
            return (
                "has nothing that can be read" if reading else "has no letters, digits or Chinese characters"
            )
        characters = self._sounds.characters if self._sounds else None
        wrong = next((c for c in said if characters is not None and c not in characters), None)
        return None if wrong is None else f"{wrong!r} has no reading in the lexicon"

    def _problem(self, node: yaml.Node, text: str) -> None:
        self.problems.append(f"{self._name}:{node.start_mark.line + 1}: {text}")


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
