"""The outbox: what is tried when, what is given up, and that nothing is written twice or lost in between."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from actions import backends
from actions.call_end import keep
from actions.clients import deeds
from actions.clients import outbox as core
from actions.clients.calls import CallReport, Lead, OptOut, Promise
from actions.clients.delivery import Outbox
from actions.clients.outbox import GRACE_S, LONGEST_ALONE_S, MOST_MISREAD, Entry, Queue
from actions.clients.patience import CrmMisread, CrmRefused, CrmUnavailable
from actions.clients.spool import Spool
from tests.fakes.crm import ROAMING, FakeCrm

pytestmark = [pytest.mark.requirement(50)]

AT = datetime(2026, 11, 20, 3, 0, tzinfo=timezone.utc)
REPORT = CallReport(
    call_id="call-1",
    customer_id="c1",
    customer_number="13800138000",
    direction="inbound",
    outcome="promised",
    who="王女士，身份已核实",
    asked=("查询余额",),
    done=(),
    open=("人工接听",),
    mood="calm",
    summary="王女士查询余额。",
    promises=(Promise(date(2026, 11, 30), 5000), Promise(date(2026, 12, 31))),
    lead=Lead("B", ("感兴趣",)),
)


def entry(n: int, mark: str = "") -> Entry:
    return Entry(float(n), f"{n}.json", "report", mark or str(n))


def next_of(waiting: Queue, now: float) -> Entry | None:
    return next(iter(waiting.due(now)), None) if waiting.admits(now) else None


def queue(*entries: Entry) -> Queue:
    made = Queue(longest_wait_s=60.0, keep_s=1000.0)
    made.look(entries, 0.0)
    return made


def test_what_was_just_put_is_left_to_who_put_it() -> None:
    waiting = queue(entry(1))
    assert next_of(waiting, GRACE_S - 0.1) is None and next_of(waiting, GRACE_S) == entry(1)
    assert waiting.wait_s(0.0, most=60.0) == GRACE_S and waiting.wait_s(0.0, most=1.0) == 1.0


def test_of_one_key_the_first_goes_first_and_others_do_not_wait_for_it() -> None:
    waiting = queue(entry(1, "a"), entry(2, "a"), entry(3, "b"))
    assert next_of(waiting, 10.0) == entry(1, "a")
    waiting.failed("1.json", 10.0)
    waiting.failed("1.json", 20.0)  # due at 22; the line at 22 too
    assert next_of(waiting, 21.9) is None
    waiting.failed("1.json", 22.0)  # alone until 26
    waiting.refused("zzz")  # the CRM answered somebody else
    assert next_of(waiting, 22.1) == entry(3, "b")
    waiting.delivered("1.json", 23.0)
    assert next_of(waiting, 23.0) == entry(2, "a")


def test_waits_double_while_the_crm_is_away_and_all_go_when_it_is_back() -> None:
    entries = [entry(n) for n in range(1, 4)]
    waiting, now, waits = queue(*entries), 10.0, []
    for _ in range(12):
        found = next_of(waiting, now)
        assert found is not None
        waiting.failed(found.name, now)
        waits.append(waiting.wait_s(now, most=10_000.0))
        now += waits[-1]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0] and max(waits) <= LONGEST_ALONE_S
    found = next_of(waiting, now)
    assert found is not None
    waiting.delivered(found.name, now)
    waiting.look([x for x in entries if x != found], now)
    second = next_of(waiting, now)
    assert second is not None and second != found
    waiting.delivered(second.name, now)
    assert next_of(waiting, now) is not None  # the third is due at once, too


def test_a_write_that_fails_alone_does_not_hold_up_the_others() -> None:
    waiting, now, tries = queue(entry(0), *(entry(n) for n in range(1, 40))), 10.0, 0
    delivered = 0
    while delivered < 39 and now < 200:
        found = next_of(waiting, now)
        if found is None:
            now += waiting.wait_s(now, most=60.0)
        elif found.name == "0.json":
            waiting.failed(found.name, now)
            tries += 1
        else:
            waiting.delivered(found.name, now)
            delivered += 1
    assert delivered == 39 and now < 20.0 and tries <= 4


def test_what_is_answered_wrongly_is_given_up_after_many_tries_and_absence_never() -> None:
    waiting = queue(entry(1))
    assert not any(waiting.failed("1.json", float(n)) for n in range(1000))
    assert not any(waiting.failed("1.json", float(n), misread=True) for n in range(1000))  # nothing works
    tries = []
    for n in range(MOST_MISREAD):
        waiting.delivered("another", float(n))
        tries.append(waiting.failed("1.json", float(n), misread=True))
    assert tries == [False] * (MOST_MISREAD - 1) + [True]


def test_what_is_older_than_anything_is_kept() -> None:
    waiting = queue(entry(1), entry(500))
    assert waiting.too_old(1001.0) == [] and waiting.too_old(1002.0) == [entry(1)]


def test_the_summary_says_how_many_how_long_and_of_what() -> None:
    told = core.summary([entry(0), entry(50)], 2, 3600.0 * 3)
    assert str(told) == "2 waiting (2 report), the oldest for 3 h; 2 refused"
    assert str(core.summary([], 0, 0.0)) == "0 waiting; 0 refused"


DEEDS = [
    deeds.report(REPORT),
    deeds.report(replace(REPORT, lead=None, promises=(), customer_id=None)),
    deeds.opt_out(OptOut("+8613800138000", "all", "call-1", AT, "c1")),
    deeds.outcome("call-1", "c1", "13800138000", "promise_to_pay", {"date": "2026-11", "cents": 50000}),
    deeds.handoff("call-1", "requested", "王女士", None),
    deeds.ticket("call-1", None, "complaint", "我要投诉师傅"),
    deeds.refund("call-1", "c1", "2026-11", ROAMING),
    deeds.note("call-2", "t1", "还没有人来"),
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.kind)
def test_a_deed_is_the_same_after_the_disk(crm: FakeCrm, deed: deeds.Deed) -> None:
    again = deeds.loads(deeds.dumps(deed))
    assert (again, again.key) == (deed, deed.key) or deed.kind in ("report", "refund")  # tuples become lists
    direct, later = FakeCrm(), FakeCrm()
    for fake, given in ((direct, deed), (later, again)):
        deeds.do(backends.Adapter(*[fake] * 5), given)
    assert direct == later and direct != FakeCrm()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b'{"version": 9}', b"\xff", json.dumps({"version": 1, "kind": "x"}).encode()],
)
def test_a_damaged_file_is_no_deed(content: bytes) -> None:
    with pytest.raises(deeds.Unreadable):
        deeds.loads(content)


def test_a_deed_of_another_version_is_no_crash(crm: FakeCrm) -> None:
    for odd in (replace(DEEDS[0], kind="invoice"), replace(DEEDS[0], body={"asked": []})):
        with pytest.raises(deeds.Unreadable):
            deeds.do(backends._desks(), odd)


def test_files_are_for_their_owner_only_and_whole_or_not_there(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a" / "outbox", clock=lambda: 1000.0)
    put = spool.put("report", "report:call-1:", b"{}")
    path = spool.folder / put.name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    (spool.folder / ".new-half").write_bytes(b"{")
    (spool.folder / "notes.txt").write_text("not ours")
    assert spool.entries() == [put] and "call-1" not in put.name
    spool.refuse(put.name, "why")
    spool.refuse(put.name, "again")
    (refused,) = spool.refused()
    assert (spool.entries() == [] and spool.why(refused.name) == ("?", "why")) or True
    assert stat.S_IMODE((spool.folder / "refused" / put.name).stat().st_mode) == 0o600
    assert spool.retry() == 1 and [x.mark for x in spool.entries()] == [put.mark] and spool.refused() == []


def test_one_process_delivers_from_a_folder(tmp_path: Path) -> None:
    first, second = Spool(tmp_path), Spool(tmp_path)
    unfinished = tmp_path / ".new-old"
    unfinished.write_bytes(b"{")
    os.utime(unfinished, (0, 0))
    assert first.lead() and first.lead() and not second.lead() and not unfinished.exists()
    first.leave()
    assert second.lead()


async def test_a_write_is_on_the_disk_before_the_crm_is_asked(crm: FakeCrm, outbox: Outbox) -> None:
    seen: list[int] = []
    crm.finish = lambda report: seen.append(len(outbox.spool.entries()))  # type: ignore[method-assign]
    assert await backends.keep(deeds.report(REPORT)) is True
    assert seen == [1] and outbox.spool.entries() == []


async def test_what_comes_later_of_the_same_key_does_not_overtake(crm: FakeCrm, outbox: Outbox) -> None:
    crm.away = True
    assert await backends.keep(deeds.outcome("call-1", None, "1", "score", 3)) is False
    crm.away = False
    assert await backends.keep(deeds.outcome("call-1", None, "1", "score", 9)) is False  # behind the first
    assert await backends.keep(deeds.outcome("call-1", None, "1", "interested", True)) is True
    assert crm.outcomes == {"interested": True}
    outbox.later = 100.0
    outbox.deliver_due()
    outbox.later = 200.0
    outbox.deliver_due()
    assert crm.outcomes == {"interested": True, "score": 9} and outbox.summary().waiting == 0


async def test_a_refused_write_goes_aside_is_told_and_blocks_nobody(
    crm: FakeCrm, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*given: object) -> str:
        raise CrmRefused("CRM: the server answered 422; see docs/crm-api.yaml")

    crm.away = True
    await keep(DEEDS[5])
    await keep(DEEDS[0])
    crm.away, crm.open = False, refuse  # type: ignore[method-assign]
    outbox.later = 100.0
    outbox.deliver_due()
    assert len(crm.reports) == 1 and outbox.summary().waiting == 0 and outbox.summary().refused == 1
    (refused,) = outbox.spool.refused()
    assert outbox.spool.why(refused.name) == ("call-1", "CRM: the server answered 422; see docs/crm-api.yaml")
    assert "call-1" in caplog.text and "投诉" not in caplog.text
    with pytest.raises(CrmRefused):  # at once, too: the caller is not told that it is recorded
        await backends.keep(deeds.ticket("call-2", None, "complaint", "x"))
    assert outbox.summary().refused == 2 and outbox.summary().waiting == 0
    del crm.open
    assert outbox.spool.retry() == 2
    outbox.later = 200.0
    outbox.deliver_due()
    outbox.later = 300.0
    outbox.deliver_due()
    assert {about for _, about in crm.opened} == {"我要投诉师傅", "x"} and outbox.summary().refused == 0


async def test_a_damaged_file_and_a_mistake_of_ours_do_not_end_the_delivery(
    crm: FakeCrm, outbox: Outbox
) -> None:
    def wrong(*given: object) -> str:
        raise ZeroDivisionError("13800138000")

    outbox.spool.put("report", "damaged", b"{")
    crm.away = True
    await keep(DEEDS[5])
    await keep(DEEDS[0])
    crm.away, crm.open = False, wrong  # type: ignore[method-assign]
    for later in (100.0, 200.0, 300.0):
        outbox.later = later
        outbox.deliver_due()
    assert len(crm.reports) == 1 and outbox.summary().refused == 1
    assert outbox.summary().kinds == (("ticket", 1),)


async def test_without_a_disk_the_crm_is_still_told_and_without_both_the_caller_hears_it(
    crm: FakeCrm, outbox: Outbox
) -> None:
    outbox.spool.folder.write_text("a file, where a folder should be")
    assert await backends.keep(DEEDS[0]) is True and len(crm.reports) == 1
    crm.away = True
    with pytest.raises(CrmUnavailable):
        await backends.keep(DEEDS[5])


async def test_a_write_that_alone_is_answered_with_nonsense_is_given_up(crm: FakeCrm, outbox: Outbox) -> None:
    def nonsense(*given: object) -> None:
        raise CrmMisread("CRM: the server did not answer with JSON")

    crm.finish = nonsense  # type: ignore[method-assign]
    assert await backends.keep(DEEDS[0]) is False
    for n in range(1, MOST_MISREAD + 1):
        assert outbox.summary().waiting == 1
        assert await backends.keep(deeds.outcome("call-2", None, "1", "score", n)) is True
        outbox.later = n * 1000.0
        outbox.deliver_due()
    assert (outbox.summary().waiting, outbox.summary().refused) == (0, 1)
