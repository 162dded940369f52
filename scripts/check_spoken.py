"""Mistakes in what is spoken: SSML, the speaking keys of a response's metadata, and fixed prompts.

Called by scripts.check_dialogue, so by `make check-dialogue` and before every training. What is checked, and
what is expected, stands in yingda.speech.text.ssml_check and yingda.messages.spoken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

from yingda.messages import spoken
from yingda.speech.text import ssml_check

SPEECH, GATEWAY = "settings/speech.yml", "settings/gateway.yml"
NOT_SPOKEN = ("shipped_dir", "cache_dir")


def voices(root: Path) -> list[str] | None:
    """The names of the voices in the settings under `root`; None when there are no settings to ask."""
    listed = _get(_get(_tree(root / SPEECH), "voice"), "voices")
    names = [_get(item, "name") for item in _items(listed)]
    return [str(name.value) for name in names if isinstance(name, yaml.ScalarNode)] or None


def response(variant: yaml.Node, known: Collection[str] | None) -> Iterator[tuple[yaml.Node, str]]:
    """What is wrong with one variant of a response: the node that it stands at, and a line about it."""
    text = _get(variant, "text")
    if isinstance(text, yaml.ScalarNode):
        for mistake in ssml_check.mistakes(text.value, known):
            yield text, f"key text: {mistake}"
    metadata = _get(variant, "metadata")
    if metadata is None:
        return
    for key, mistake in spoken.mistakes(_value(metadata)).items():
        yield _get(metadata, key) or metadata, f"key metadata.{key}: {mistake}"
    voice = _get(metadata, "voice")
    if known is not None and isinstance(voice, yaml.ScalarNode) and voice.value not in known:
        yield voice, f"key metadata.voice: got {voice.value!r}, expected one of {', '.join(known)}"


def prompts(root: Path) -> list[str]:
    """Every mistake in the fixed prompts of the settings under `root`, one line each."""
    known, found = voices(root), []
    for path in (SPEECH, GATEWAY):
        section = _get(_tree(root / path), "prompts")
        for key, node in _texts(section, path):
            for mistake in ssml_check.mistakes(node.value, known):
                found.append(f"{path}:{node.start_mark.line + 1}: key prompts.{key}: {mistake}")
    return found


def _texts(section: yaml.Node | None, path: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
    if not isinstance(section, yaml.MappingNode):
        return
    for name, value in section.value:
        key = str(name.value)
        is_text = key == "texts" if path == SPEECH else key not in NOT_SPOKEN
        for number, item in enumerate(_items(value) if is_text else []):
            if isinstance(item, yaml.ScalarNode):
                yield f"{key}[{number}]", item
        if is_text and isinstance(value, yaml.ScalarNode):
            yield key, value


def _tree(path: Path) -> yaml.Node | None:
    """None for a file that is not there or is broken, which those who read it for its own sake tell."""
    try:
        tree: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return tree


def _get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _value(node: yaml.Node) -> object:
    return yaml.SafeLoader("").construct_object(node, deep=True)
