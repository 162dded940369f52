"""The CRM in memory, in November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from actions import backends, requests
from tests.fakes.crm import FakeCrm

TODAY = date(2026, 11, 20)


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> FakeCrm:
    fake = FakeCrm()
    for part in ("crm", "orders", "appointments", "tickets", "calls"):
        monkeypatch.setattr(backends, part, lambda: fake)
    monkeypatch.setattr(requests, "today", lambda _tracker=None: TODAY)
    return fake
