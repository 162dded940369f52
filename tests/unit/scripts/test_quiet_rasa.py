"""Rasa's command line as we start it."""

from __future__ import annotations

import os
import sys
import types
import warnings

import pytest

from scripts import quiet_rasa


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environment of each start of a Rasa that is not there."""
    seen: list[dict[str, str]] = []
    fake = types.ModuleType("rasa.__main__")
    fake.main = lambda: seen.append(dict(os.environ))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rasa", types.ModuleType("rasa"))
    monkeypatch.setitem(sys.modules, "rasa.__main__", fake)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ.pop("SANIC_HOST", None)
    return seen


def test_the_action_server_listens_on_loopback_only(started: list[dict[str, str]]) -> None:
    quiet_rasa.main()
    assert started[0]["SANIC_HOST"] == "127.0.0.1"


def test_another_address_may_be_named(started: list[dict[str, str]]) -> None:
    os.environ["SANIC_HOST"] = "10.0.0.5"
    quiet_rasa.main()
    assert started[0]["SANIC_HOST"] == "10.0.0.5"


def test_no_telemetry(started: list[dict[str, str]]) -> None:
    quiet_rasa.main()
    assert started[0]["RASA_TELEMETRY_ENABLED"] == "false"
