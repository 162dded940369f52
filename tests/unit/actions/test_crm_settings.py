"""Which CRM it is, and what is said when the settings are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions import backends
from actions.clients import adapters, settings
from actions.clients.crm import Crm
from actions.clients.rest import RestCustomers
from actions.clients.store import CrmUnavailable
from yingda.plumbing.settings import SettingsError


def test_mongodb_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.read() == settings.CrmSettings()  # the file's values are the code's
    assert isinstance(adapters.of(settings.read()).crm, Crm)
    monkeypatch.setenv("YINGDA_CRM__ADAPTER", "rest")
    monkeypatch.setenv("YINGDA_CRM__REST__URL", "https://crm.example.com/v1")
    monkeypatch.setenv("YINGDA_CRM__REST__TOKEN", "secret")
    chosen = settings.read()
    assert isinstance(adapters.of(chosen).crm, RestCustomers)
    assert "secret" not in repr(chosen)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ADAPTER", "rest", "rest.url is not set"),
        ("ADAPTER", "oracle", "expected"),
        ("REST__URL", "crm.example.com", "rest.url"),
        ("ANSWER_MS", "5", "answer_ms"),
    ],
)
def test_wrong_settings_are_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(f"YINGDA_CRM__{name}", value)
    with pytest.raises(SettingsError, match=told) as refused:
        settings.read()
    assert "settings/crm.yml" in str(refused.value)
    backends.adapter.cache_clear()
    with pytest.raises(CrmUnavailable):  # and a call that runs all the same ends in an apology
        backends.crm()
    backends.adapter.cache_clear()


def test_the_file_is_found_from_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings.read().adapter == "mongodb"
