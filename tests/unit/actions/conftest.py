"""The CRM in memory, in November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from actions import account, backends
from tests.fakes.crm import FakeCrm

TODAY = date(2026, 11, 20)


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> FakeCrm:
    fake = FakeCrm()
    monkeypatch.setattr(backends, "crm", lambda: fake)
    monkeypatch.setattr(account, "today", lambda: TODAY)
    return fake
