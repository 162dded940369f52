"""One call from dialling to verdict: the phone, the player, the record, the judge."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from pymongo.database import Database
from pymongo.errors import PyMongoError

from yingda.caller import records, report, scene
from yingda.caller.alaw import read_clip, wav_bytes
from yingda.caller.evidence import CallRecord, assign
from yingda.caller.judge import CALL, Failure, Verdict, judge
from yingda.caller.line import recording
from yingda.caller.phone import Phone
from yingda.caller.play import Player, set_filler_apart
from yingda.caller.scene import Fault, Scene, SceneError
from yingda.caller.trouble import Network, Noise
from yingda.explain import written
from yingda.explain.written import DialogueFiles
from yingda.plumbing import stores
from yingda.sansio.numerals import CHINA

Answer = TypeVar("Answer")
POLL_S = 0.25
RECORD_DEADLINE_S = 6.0  # after the end of the call the record must be complete within it


@dataclass(frozen=True)
class Options:
    """The command line, see __main__."""

    scene: Path
    sip: tuple[str, int] = ("127.0.0.1", 5060)
    host: str = "127.0.0.1"
    mongo: str = stores.DEFAULT_MONGO_URL
    redis: str = stores.DEFAULT_REDIS_URL
    no_record: bool = False
    caller: str | None = None
    out: Path | None = None
    why: bool = False
    fail: Callable[[Fault], None] | None = None  # does what a turn's ``fault`` says; without it there is none


@dataclass(frozen=True)
class Outcome:
    """``lines`` for people, ``result`` for machines, ``recording`` a stereo WAV: caller left, bot right."""

    verdict: Verdict
    lines: list[str]
    result: dict[str, Any]
    recording: bytes
    call_id: str | None


def read_clips(path: Path, played: Scene) -> dict[str, bytes]:
    """The clips that the scene says; raises SceneError."""
    try:
        return {name: read_clip(scene.clip_path(path, played, name)) for name in played.clips}
    except ValueError as error:
        raise SceneError(str(error)) from None


async def place(options: Options, write: Callable[[str], Any]) -> Outcome:
    """Play the scene; raises SceneError, CallNotAnswered, OSError before the call has begun."""
    played = scene.on_day(scene.load(options.scene), datetime.now(CHINA).date())
    clips = read_clips(options.scene, played)
    if options.fail is None and any(turn.fault for turn in played.turns):
        raise SceneError(f"{options.scene}: has faults; play it by make figure NAME=scenes")
    live = report.Live(scene.sentences(options.scene, played), write)
    number = options.caller or played.caller
    phone = Phone(number, options.host)
    _spoil(phone, played, clips)
    files = written.read(Path()) if options.why else None
    follower = Follower(None if options.no_record else stores.database(options.mongo), number, live, files)
    await phone.open()
    try:
        write(f"scene {played.scene}: {played.about}")
        await phone.call(played.callee, options.sip)
        watching = asyncio.create_task(follower.follow())
        trace = await Player(played, phone, clips, live.tell, options.fail).play()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        record = await follower.complete()
    finally:
        await phone.close()
        follower.close()
    empty = CallRecord("none")
    turns = assign(trace, record or empty)
    for evidence in turns:
        set_filler_apart(evidence.trace, phone.line.heard, evidence.answer_after_filler_s)
    verdict = judge(played, trace, turns, record, asked=not options.no_record)
    if follower.trouble is not None:
        verdict.failures.append(Failure(CALL, follower.trouble))
    lines = ["", *report.table(turns, verdict), *report.summary(verdict)]
    if record is not None and record.recording:
        lines.append(f"recording: {record.recording}")
    tracks = recording(phone.line.frames_out, phone.line.packets_in)
    result = report.as_json(played.scene, turns, verdict)
    return Outcome(verdict, lines, result, wav_bytes(tracks), follower.call_id)


def _spoil(phone: Phone, played: Scene, clips: dict[str, bytes]) -> None:
    """Give the phone the scene's line."""
    line = played.line
    phone.line.network = Network(line.loss_percent / 100, line.jitter_ms / 1000, random.Random(line.seed))
    if line.noise is not None:
        phone.line.noise = Noise(clips[line.noise], line.noise_dbfs)


class Follower:
    """Reads the record of the call while it grows, and once more when the call is over."""

    def __init__(
        self,
        database: Database[dict[str, Any]] | None,
        number: str,
        live: report.Live,
        files: DialogueFiles | None = None,
    ) -> None:
        """``database`` None: nothing is read. With ``files`` each turn tells why it was answered so."""
        self._database, self._number, self._live, self._files = database, number, live, files
        self._since = datetime.now(timezone.utc)
        self.call_id: str | None = None
        self.trouble: str | None = None

    def close(self) -> None:
        """Let go of MongoDB."""
        if self._database is not None:
            self._database.client.close()

    async def follow(self) -> None:
        """Print new turns until cancelled."""
        while True:
            await self._ask(self._show)
            await asyncio.sleep(POLL_S)

    async def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The answer of MongoDB, or None while it has none to give; the reason is kept."""
        try:
            answer = await asyncio.to_thread(question)
        except PyMongoError as error:
            why = str(error).split(" (configured")[0]
            self.trouble = f"MongoDB did not answer: {type(error).__name__}: {why}"
            return None
        self.trouble = None
        return answer

    def _show(self) -> None:
        if self._find():
            assert self._database is not None and self.call_id is not None
            self._live.records(records.read_turns(self._database, self.call_id, self._files))

    def _find(self) -> bool:
        if self._database is not None and self.call_id is None:
            self.call_id = records.find_call(self._database, self._number, self._since)
        return self.call_id is not None

    async def complete(self) -> CallRecord | None:
        """The record once it is complete, or as it is after RECORD_DEADLINE_S; None where there is none."""
        record = None
        deadline = time.monotonic() + RECORD_DEADLINE_S
        while self._database is not None and time.monotonic() < deadline:
            record = await self._ask(self._read) or record
            if record is not None and not record.problems:
                break
            await asyncio.sleep(POLL_S)
        if record is not None:
            self._live.records(record.turns)
        return record

    def _read(self) -> CallRecord | None:
        if not self._find():
            return None
        assert self._database is not None and self.call_id is not None
        return records.read_call(self._database, self.call_id, files=self._files)
