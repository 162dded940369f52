"""Every conversation of tests/conversations on the real Rasa, its actions and forms over a real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import servers

from bench import conversations

pytestmark = [pytest.mark.integration]

FILES = sorted(conversations.FOLDER.rglob("test_*.yml"))
LEAST = 150


def test_there_are_enough_of_them() -> None:
    stories = [story for path in FILES for story in conversations.stories_of(path)]
    assert len(stories) >= LEAST
    assert len({story.name for story in stories}) == len(stories)


@pytest.mark.requirement(31)
@pytest.mark.requirement(32)
@pytest.mark.requirement(62)
@pytest.mark.requirement(202)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversations_go_as_they_are_written(
    path: Path, rasa: servers.RasaServers, database: tuple[str, Any]
) -> None:
    assistant = conversations.Assistant(rasa, database[1])
    wrong = []
    for story in conversations.stories_of(path):
        found = conversations.differences(story, assistant.run(story))
        wrong += [f"{story.name}: {what}" for what in found]
    assert not wrong, "\n".join(wrong)
