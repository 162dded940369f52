"""What we rely on in the installed Rasa SDK."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import endpoint

from scripts.quiet_rasa import DEFAULTS


class Listener:
    """A Sanic app that tells where it would listen."""

    def __init__(self) -> None:
        self.address: tuple[str, int] | None = None

    def run(self, host: str, port: int, **options: Any) -> None:
        self.address = (host, port)


def test_the_action_server_takes_its_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Listener()
    monkeypatch.setattr(endpoint, "create_app", lambda *args, **options: app)
    monkeypatch.setattr(endpoint.plugin_manager().hook, "attach_sanic_app_extensions", lambda app: None)
    monkeypatch.setenv("SANIC_HOST", DEFAULTS["SANIC_HOST"])
    endpoint.run("actions", 5055)
    assert app.address == ("127.0.0.1", 5055)
