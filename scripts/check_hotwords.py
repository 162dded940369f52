"""Mistakes in the designers' hotwords (hotwords.yml), for scripts.check_dialogue. What the file may hold is
decided by yingda.speech.words.hotword_file."""

from __future__ import annotations

from pathlib import Path

from yingda.plumbing.settings import SettingsError, load
from yingda.speech.settings import Recogniser, SpeechSettings
from yingda.speech.words import hotword_file, lexicon
from yingda.speech.words.lexicon import LexiconError, Sounds

SETTINGS, USUAL = "settings/speech.yml", "hotwords.yml"


def problems(root: Path, lexicons: Path) -> list[str]:
    """Every mistake, one line each, in the file that the settings under `root` name. Paths of lexicons start
    at `lexicons`; without one there, readings are not checked."""
    settings = _settings(root)
    name = settings.hotwords_file if (root / SETTINGS).exists() else USUAL
    if name is None:
        return []
    try:
        text = (root / name).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if not (root / SETTINGS).exists():
            return []
        todo = "restore it, or set recogniser.hotwords_file to null"
        return [f"{name}: is missing, and {SETTINGS} names it; {todo}"]
    except UnicodeDecodeError:
        return [f"{name}:1: is not UTF-8 text; save it as UTF-8"]
    return hotword_file.parse(text, name, _sounds(lexicons / settings.lexicon.path))[1]


def _settings(root: Path) -> Recogniser:
    try:
        return load(root / SETTINGS, SpeechSettings).recogniser
    except SettingsError:  # the speech server says what is wrong there
        return Recogniser(hotwords_file=USUAL)


def _sounds(path: Path) -> Sounds | None:
    try:
        return lexicon.load_sounds(path)
    except LexiconError:
        return None
