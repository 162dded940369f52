"""A scene: what the test caller does in one call and what it expects. Format: docs/scenes.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from yingda.plumbing import settings
from yingda.plumbing.settings import SettingsError, knob
from yingda.sansio.numerals import iso_date

ACTIONS = ("listen", "say", "press", "stay_silent_ms", "hang_up")


class SceneError(Exception):
    """A scene that cannot be played; the text names file, key, what was found and what was expected."""


@dataclass(frozen=True)
class When:
    """When the turn begins. Give at most one key; without any: 1200 ms after the bot fell silent."""

    bot_quiet_ms: int | None = knob(None, low=100, high=20_000)
    bot_speech_ms: int | None = knob(None, low=100, high=60_000)
    wait_ms: int | None = knob(None, low=0, high=120_000)

    def __post_init__(self) -> None:
        given = [k for k in ("bot_quiet_ms", "bot_speech_ms", "wait_ms") if getattr(self, k) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; keep one")


@dataclass(frozen=True)
class Line:
    """What the line does to what the caller sends. ``noise``: a clip behind the voice, over and over."""

    loss_percent: int = knob(0, low=0, high=50)
    jitter_ms: int = knob(0, low=0, high=200)
    noise: str | None = knob(None, pattern=r"[A-Za-z0-9_]+")
    noise_dbfs: int = knob(-45, low=-70, high=-10)
    seed: int = 1


@dataclass(frozen=True)
class Fault:
    """What goes wrong when the turn begins: a process is killed, or answers nobody for so long."""

    kill: Literal["speech", "actions", "rasa"] | None = None
    stall: Literal["speech", "actions", "rasa"] | None = None
    seconds: int = knob(5, low=1, high=60)

    def __post_init__(self) -> None:
        if (self.kill is None) == (self.stall is None):
            raise ValueError("give exactly one of kill and stall")


@dataclass(frozen=True)
class Expect:
    """What must follow the turn. Only the keys that are given are judged."""

    intent: str | list[str] | None = None
    entities: dict[str, Any] = field(default_factory=dict)
    bot_says: list[str | list[str]] = field(default_factory=list)
    bot_never_says: list[str] = field(default_factory=list)
    max_latency_ms: int | None = knob(None, low=1, high=60_000)
    line_silent_ms: int | None = knob(None, low=20, high=10_000)
    bot_resumes_ms: int | None = knob(None, low=100, high=20_000)
    interrupted: bool | None = None
    no_customer_turn: bool | None = None
    bot_ends_call: bool | None = None
    filler: bool | None = None


@dataclass(frozen=True)
class Turn:
    """One thing that the caller does: exactly one of listen, say, press, stay_silent_ms, hang_up."""

    name: str = knob(pattern=r"\S(.*\S)?")
    when: When = field(default_factory=When)
    listen: bool | None = None
    say: str | None = knob(None, pattern=r"[A-Za-z0-9_]+")
    beside: str | None = knob(None, pattern=r"[A-Za-z0-9_]+")
    quieter_db: int = knob(0, low=0, high=60)
    press: str | None = knob(None, pattern=r"[0-9*#A-D]+")
    stay_silent_ms: int | None = knob(None, low=100, high=120_000)
    hang_up: bool | None = None
    fault: Fault | None = None
    expect: Expect = field(default_factory=Expect)

    def __post_init__(self) -> None:
        given = [action for action in ACTIONS if getattr(self, action)]
        if len(given) != 1:
            found = "none of them" if not given else " and ".join(given)
            raise ValueError(f"turn '{self.name}': give exactly one of {', '.join(ACTIONS)}; found {found}")
        speaks = self.say is not None
        if self.expect.line_silent_ms is not None and not (speaks and self.when.bot_speech_ms is not None):
            raise ValueError(
                f"turn '{self.name}': expect.line_silent_ms is for barge-in: "
                "it needs say and when.bot_speech_ms"
            )
        if (self.beside is not None or self.quieter_db) and not speaks:
            raise ValueError(f"turn '{self.name}': beside and quieter_db need say")
        if self.expect.intent is not None and not (speaks or self.press):
            raise ValueError(f"turn '{self.name}': expect.intent needs say or press")

    @property
    def action(self) -> str:
        """The one action of the turn, a name out of ACTIONS."""
        return next(action for action in ACTIONS if getattr(self, action))


@dataclass(frozen=True)
class CallExpect:
    """What must hold of the whole call. ``record``: the record in MongoDB is there and complete."""

    ended_by: Literal["bot", "caller"] | None = None
    record: bool = True
    handoff: bool | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Scene:
    """A whole call. Numbers are strings; the clips lie in ``audio`` beside the scene file, as NAME.wav."""

    turns: list[Turn]
    scene: str = knob(pattern=r"[a-z0-9_]+")
    about: str = knob(pattern=r"(.|\n)*\S(.|\n)*")
    caller: str = knob("13800138000", pattern=r"\+?[0-9]{2,15}")
    callee: str = knob("yingda", pattern=r"[A-Za-z0-9+_.-]+")
    audio: str = "audio"
    max_latency_ms: int = knob(5_000, low=1, high=60_000)
    max_seconds: int = knob(180, low=1, high=3_600)
    line: Line = field(default_factory=Line)
    expect: CallExpect = field(default_factory=CallExpect)

    def __post_init__(self) -> None:
        if not self.turns:
            raise ValueError("turns is empty; a scene needs at least one")
        names = [turn.name for turn in self.turns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two turns are named '{name}'; failures are told apart by name")
        for turn in self.turns[:-1]:
            if turn.hang_up:
                raise ValueError(f"turn '{turn.name}' hangs up, but turns follow it")

    @property
    def clips(self) -> dict[str, str]:
        """The clips that are played, each with what needs it."""
        found = {} if self.line.noise is None else {self.line.noise: "line.noise"}
        for turn in self.turns:
            for name in (turn.say, turn.beside):
                if name is not None:
                    found.setdefault(name, f"turn '{turn.name}'")
        return found

    @property
    def ended_by(self) -> str | None:
        """Who is expected to hang up, None where it does not matter."""
        return "bot" if self.turns[-1].expect.bot_ends_call else self.expect.ended_by


def load(path: Path) -> Scene:
    """Read a scene and check that its clips exist; raises SceneError."""
    try:
        scene = settings.load(path, Scene, environ={})
    except SettingsError as error:
        raise SceneError(str(error)) from None
    folder = path.parent / scene.audio
    for clip, needed_by in scene.clips.items():
        if not clip_path(path, scene, clip).is_file():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.wav"))) or "none"
            raise SceneError(
                f"{path}: {needed_by}: clip '{clip}' is not in {folder}; clips there: {known} "
                "(training/make_scene_clips.py makes one for each line of SENTENCES.txt)"
            )
    return scene


def on_day(scene: Scene, today: date) -> Scene:
    """The scene with the dates that it expects as they come out on a day: in November 上个月 is 2026-10."""
    return replace(scene, turns=[replace(turn, expect=_dated(turn.expect, today)) for turn in scene.turns])


def _dated(expect: Expect, today: date) -> Expect:
    found = iso_date(str(expect.entities.get("date", "")), today)
    return replace(expect, entities={**expect.entities, "date": found}) if found else expect


def clip_path(path: Path, scene: Scene, clip: str) -> Path:
    """Where the clip of a scene file lies."""
    return path.parent / scene.audio / f"{clip}.wav"


def sentences(path: Path, scene: Scene) -> dict[str, str]:
    """The words of the clips, from SENTENCES.txt beside them (empty where there is none)."""
    listing = path.parent / scene.audio / "SENTENCES.txt"
    if not listing.is_file():
        return {}
    lines = [line for line in listing.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pairs = [re.split(r"\t+", line, maxsplit=1) for line in lines if "\t" in line]
    return {name: text.strip() for name, text in pairs}
