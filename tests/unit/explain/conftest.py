"""Short ways to write files and events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from yingda.explain import written
from yingda.explain.turns import Conversation
from yingda.explain.written import DialogueFiles


class Make:
    """Factories."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def files(self, data: str, domain: str = "responses: {}\n") -> DialogueFiles:
        (self._root / "data").mkdir(exist_ok=True)
        (self._root / "domain.yml").write_text(domain, encoding="utf-8")
        (self._root / "data" / "all.yml").write_text(data, encoding="utf-8")
        return written.read(self._root)

    def user(self, text: str, intent: str, *entities: dict[str, Any], read: str = "") -> Any:
        ranking = [{"name": intent, "confidence": 0.9}, {"name": "other", "confidence": 0.05}]
        parsed = {"text": read or text, "intent": ranking[0], "intent_ranking": ranking}
        return {"event": "user", "text": text, "parse_data": {**parsed, "entities": list(entities)}}

    def action(self, name: str, policy: str = "RulePolicy", confidence: float = 1.0) -> dict[str, Any]:
        return {"event": "action", "name": name, "policy": policy, "confidence": confidence}

    def slot(self, name: str, value: Any) -> dict[str, Any]:
        return {"event": "slot", "name": name, "value": value}

    def loop(self, name: str | None) -> dict[str, Any]:
        return {"event": "active_loop", "name": name}

    def bot(self, text: str, response: str = "", **metadata: Any) -> dict[str, Any]:
        return {"event": "bot", "text": text, "metadata": {"utter_action": response, "metadata": metadata}}

    def conversation(self, *events: dict[str, Any]) -> Conversation:
        made = Conversation()
        made.add(events)
        return made


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return Make(tmp_path)
