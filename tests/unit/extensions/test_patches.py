"""Patches belong to one version of Rasa: a new version fails here until somebody has looked."""

from __future__ import annotations

import inspect

import pytest
import rasa
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.core.lock_store import LockStore

from extensions.patches import action_response


def test_the_version_is_the_one_that_was_looked_at() -> None:
    assert rasa.__version__ == action_response.WRITTEN_FOR
    assert "wait_time_in_seconds" in inspect.signature(LockStore.lock).parameters


def test_answers_are_still_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteAction, "_validate_action_result", RemoteAction._validate_action_result)
    assert action_response.apply()
    action = RemoteAction("action_x", None)
    assert action._validate_action_result({"events": [], "responses": [{"text": "好"}]})
    with pytest.raises(ValidationError):
        action._validate_action_result({"events": "none"})


def test_another_version_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RemoteAction._validate_action_result
    monkeypatch.setattr(rasa, "__version__", "3.7.0")
    assert not action_response.apply()
    assert RemoteAction._validate_action_result is before
