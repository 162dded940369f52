"""`make outbox`: what an operator sees, and what he does not."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from actions.clients import deeds
from actions.clients.spool import Spool
from scripts import outbox

pytestmark = pytest.mark.requirement(50)


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> int:
    monkeypatch.setenv("YINGDA_CRM__OUTBOX__FOLDER", str(folder))
    monkeypatch.setattr(sys, "argv", ["outbox", *arguments])
    return outbox.main()


def test_how_many_wait_and_what_was_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path / "none yet") == 0
    assert capsys.readouterr().out == "0 waiting; 0 refused\n"
    spool = Spool(tmp_path)
    names = []
    for n in range(2):
        deed = deeds.ticket(f"call-{n}", None, "complaint", "我要投诉师傅")
        names.append(spool.put(deed.kind, deed.key, deeds.dumps(deed)).name)
    spool.refuse(names[0], "CRM: the server answered 422; see docs/crm-api.yaml")
    assert run(monkeypatch, tmp_path) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 waiting (1 ticket), the oldest for 0 s; 1 refused\n")
    assert "call call-0: ticket: CRM: the server answered 422" in told and "投诉" not in told
    assert datetime.now(timezone.utc).strftime("%Y-%m-%d") in told
    assert run(monkeypatch, tmp_path, "--retry") == 0
    assert capsys.readouterr().out.startswith("1 are tried again\n2 waiting (2 ticket)")
    again = deeds.loads(spool.read(spool.entries()[-1].name))
    assert (again.call_id, again.body["about"]) == ("call-0", "我要投诉师傅")


def test_settings_or_a_folder_that_cannot_be_read_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(monkeypatch, tmp_path / "file") == 1
    assert "outbox.folder in settings/crm.yml" in capsys.readouterr().err
    monkeypatch.setenv("YINGDA_CRM__OUTBOX__KEEP_DAYS", "never")
    assert run(monkeypatch, tmp_path) == 1 and "keep_days" in capsys.readouterr().err
