"""The CRM in memory, in November 2026."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from actions import backends, knowledge, requests
from actions.clients.delivery import Outbox
from actions.clients.knowledge_base import KnowledgeBase
from actions.clients.spool import Spool
from tests.fakes.crm import FakeCrm

TODAY = date(2026, 11, 20)


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch) -> FakeCrm:
    fake = FakeCrm()
    for part in ("crm", "orders", "appointments", "tickets", "calls"):
        monkeypatch.setattr(backends, part, lambda: fake)
    monkeypatch.setattr(requests, "today", lambda _tracker=None: TODAY)
    return fake


@pytest.fixture(autouse=True)
def outbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Outbox:
    """An outbox of this test, without its thread; `later` is its clock."""
    made = Outbox(Spool(tmp_path / "outbox"), backends._desks, clock=lambda: made.later)
    made.later = 0.0
    made.start = lambda: None
    monkeypatch.setattr(backends, "outbox", lambda: made)
    return made


@pytest.fixture(autouse=True)
def no_articles(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty knowledge base in place of the repository's, which takes seconds to learn; its folder."""
    folder = tmp_path_factory.mktemp("knowledge")
    base = KnowledgeBase(folder, background=False)
    monkeypatch.setattr(knowledge, "base", lambda: base)
    return folder
