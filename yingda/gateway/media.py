"""The media engine's public face: one thread, one 20 ms tick, numpy over all calls.

Call logic runs on the asyncio loop and talks to the media thread through two deques only:
commands go in, events come out, with one wake of the loop per tick at most. Every method here
may be called from the loop's thread, returns at once and takes effect at the next tick.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import select
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from yingda.gateway.media_events import (
    Address,
    DigitReceived,
    FramesReceived,
    Int16Array,
    LegClosed,
    MediaEvent,
    MediaLatched,
    MediaSettings,
    MediaStats,
    MediaTimeout,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStarved,
    PlaybackStopped,
)
from yingda.gateway.media_plane import LegState, MediaPlane
from yingda.gateway.media_sockets import Poller, RtpSocket, Socket
from yingda.gateway.media_thread import MediaClock, favour_thread
from yingda.gateway.recorder import Recorder, Tape
from yingda.plumbing.recording.vault import Vault
from yingda.sansio.rtp import g711
from yingda.sansio.rtp.dtmf import digit_packets

__all__ = [
    "DigitReceived",
    "FramesReceived",
    "LegClosed",
    "MediaEngine",
    "MediaError",
    "MediaEvent",
    "MediaLatched",
    "MediaLeg",
    "MediaSettings",
    "MediaTimeout",
    "PlaybackFinished",
    "PlaybackStarted",
    "PlaybackStarved",
    "PlaybackStopped",
]


class MediaError(RuntimeError):
    """No port or no room for another leg; the call should be refused (486 or 503)."""


class MediaLeg:
    """One leg's media: a UDP port, a jitter buffer, a play-out queue, a recording.

    leg_id is unique in this process: the `leg` of events and an element of FramesReceived.leg_ids.
    """

    def __init__(self, engine: MediaEngine, state: LegState, call_id: str, local_port: int) -> None:
        self._engine, self._state = engine, state
        self._payload_type = g711.PCMA
        self._closed = False
        self._recording = state.tape.path if state.tape is not None else None
        self.leg_id = state.leg_id
        self.call_id = call_id
        self.local_port = local_port

    @property
    def recording_path(self) -> Path | None:
        """The recording's file; None when it is not recorded, or was erased."""
        return self._recording

    def connect(
        self,
        remote_addr: Address,
        payload_type: int,
        ptime_ms: int = 20,
        dtmf_type: int | None = None,
    ) -> None:
        """Begin media (or move it, after a re-INVITE): sends at once, latches to the first plausible source.

        remote_addr: IPv4 address and port from the SDP; 0.0.0.0 or port 0 only holds the leg (RFC 3264
        section 8.4). payload_type: 8 (PCMA) or 0 (PCMU), both ways. ptime_ms: what the peer asks for (20 ms
        is sent whatever it is; 10-60 ms are received). dtmf_type: payload type of telephone-event, None when
        not negotiated. ValueError for another payload type or a host name. Call it before the first `play`:
        audio is coded in the law known then.
        """
        if payload_type not in (g711.PCMA, g711.PCMU):
            raise ValueError(f"payload type {payload_type}: expected 8 (PCMA) or 0 (PCMU)")
        try:
            nowhere = int(ipaddress.IPv4Address(remote_addr[0])) == 0 or remote_addr[1] == 0
        except ipaddress.AddressValueError as error:
            raise ValueError(f"media address {remote_addr[0]!r}: expected an IPv4 address") from error
        if nowhere:
            self.hold(True)
            return
        self._payload_type = payload_type
        self._do("connect", remote_addr, payload_type, dtmf_type)

    def play(self, clip_id: int, pcm: Int16Array, last: bool) -> None:
        """Append 8 kHz int16 audio to the play-out. Calls with the same clip_id make one gapless clip;
        `last` closes the clip (pcm may be empty). Clips play in order of their first audio; the first audio
        of a new clip closes those before it."""
        codes = g711.encode(np.asarray(pcm, np.int16).reshape(-1), self._payload_type)
        if not self._closed:
            self._engine.post(
                partial(self._engine.plane.playout.append, self._state.slot, clip_id, codes, last)
            )

    def stop_playback(self) -> None:
        """Silence the line within one tick and drop the queue: a PlaybackStopped for each clip in it."""
        self._do("stop_playback")

    def pause(self) -> None:
        """Freeze the play-out (silence is sent); the queue stays. `stop_playback` also ends the pause."""
        self._do("pause", True)

    def resume(self) -> None:
        """Go on exactly where `pause` stopped."""
        self._do("pause", False)

    def send_digits(self, digits: str, duration_ms: int = 100, gap_ms: int = 100) -> None:
        """Send key presses by RFC 4733 (nothing without a dtmf_type); they replace audio packets meanwhile.

        ValueError for a digit other than 0-9 * # A-D.
        """
        self._do("send_digits", iter(list(digit_packets(digits, duration_ms, gap_ms))))

    def hold(self, held: bool) -> None:
        """On hold nothing is sent or reported and the play-out is frozen; the recording goes on with
        silence."""
        self._do("hold", held)

    def keep_secret(self, secret: bool) -> None:
        """While secret the customer's side is silence in the recording: tones and words."""
        self._do("keep_secret", secret)

    def stop_recording(self, erase: bool) -> None:
        """Record no more, for the rest of the call; `erase` deletes what there is."""
        self._do("stop_recording", erase)
        if erase:
            self._recording = None

    def close(self) -> None:
        """End of the leg: LegClosed follows. Playback events of what was still queued are not told."""
        if not self._closed:
            self._do("close")
            self._closed = True

    def _do(self, command: str, *arguments: object) -> None:
        if not self._closed:
            self._engine.post(partial(getattr(self._engine.plane, command), self._state, *arguments))


class MediaEngine:
    """All legs of this process; one thread.

    Tests may pass a poller, a socket factory and no loop, and call `step(part, now)` themselves instead of
    `start`.
    """

    def __init__(
        self,
        settings: MediaSettings,
        poller: Poller | None = None,
        open_socket: Callable[[Address], Socket] = RtpSocket,
        vault: Vault | None = None,
    ) -> None:
        """`vault`: where recordings go and with which keys; ValueError when it is missing and they are on."""
        if settings.record and vault is None:
            raise ValueError(
                "recording is on, and there is no vault: recordings are never written in the clear"
            )
        self.settings = settings
        self._vault = vault
        self._recorder = Recorder() if settings.record else None
        self.plane = MediaPlane(settings, poller or select.epoll(), self._recorder)
        self._open_socket = open_socket
        self._clock = MediaClock(settings.drains_per_tick, self._step_now, self._finish)
        self._commands: deque[Callable[[], None]] = deque()
        self._events: deque[list[MediaEvent]] = deque()
        self._on_tick: Callable[[list[MediaEvent]], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake = False
        self._command_errors = 0
        self._last_error: Exception | None = None
        first = settings.port_first + settings.port_first % 2
        self._ports = deque(range(first, settings.port_last + 1, 2))
        self._slots = list(range(settings.max_legs - 1, -1, -1))
        self._open: dict[int, tuple[int, int]] = {}  # leg id -> (slot, port)
        self._leg_ids = itertools.count(1)

    def start(
        self, on_tick: Callable[[list[MediaEvent]], None], loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Start the media thread. on_tick gets the tick's events, in the loop's thread, once per tick at
        most."""
        favour_thread()
        self._on_tick = on_tick
        self._loop = loop or asyncio.get_running_loop()
        if self._recorder is not None:
            self._recorder.start()
        self._clock.start()

    def open_leg(self, call_id: str, who: str = "", record: bool = True) -> MediaLeg:
        """Bind a free even port. `who`: the customer's number or id, for the recording's key and place;
        `record`: unless recording is off altogether. Raises MediaError when no port or no leg is free."""
        if not self._slots:
            raise MediaError(f"{self.settings.max_legs} legs are open: no room (settings: max_legs)")
        socket, port = self._bind()
        slot, leg_id = self._slots.pop(), next(self._leg_ids)
        self._open[leg_id] = (slot, port)
        state = LegState(leg_id, slot, socket)
        if self._recorder is not None and self._vault is not None and record:
            state.tape = Tape(self._vault, call_id, who)
        return MediaLeg(self, state, call_id, port)

    def _bind(self) -> tuple[Socket, int]:
        reason: OSError | None = None
        for _ in range(len(self._ports)):
            port = self._ports.popleft()
            try:
                return self._open_socket((self.settings.bind_address, port)), port
            except OSError as error:
                reason = error
                self._ports.append(port)
        span = f"{self.settings.port_first}-{self.settings.port_last}"
        raise MediaError(
            f"no free RTP port in {span} on {self.settings.bind_address}: {reason or 'all in use'}"
        )

    def stop(self, timeout_s: float = 2.0) -> None:
        """Close all legs, finalise recordings, join the threads."""
        self._clock.stop(timeout_s)
        if self._recorder is not None:
            self._recorder.stop(timeout_s)

    def post(self, command: Callable[[], None]) -> None:
        """Run a command in the media thread at the start of the next tick."""
        self._commands.append(command)

    def step(self, part: int, now: float) -> None:
        """One part of a tick at `now` (monotonic seconds): part 0 is the tick itself, then the later send
        groups."""
        plane = self.plane
        plane.wire.drain(now * 1000.0)
        if part == 0:
            plane.take_received()
            for _ in range(len(self._commands)):
                self._run(self._commands.popleft())
            plane.tick(now * 1000.0)
        plane.send(part)
        if part == 0 and plane.events:
            self._events.append(plane.events)
            plane.events = []
            self._wake()

    def _run(self, command: Callable[[], None]) -> None:
        try:
            command()
        except Exception as error:  # one leg's trouble must not end the others' media
            self._command_errors += 1
            self._last_error = error

    @property
    def alive(self) -> bool:
        """The media thread runs: part of the process's health."""
        return self._clock.alive

    def take_events(self) -> list[MediaEvent]:
        """All events since the last call, in order; on_tick gets them by itself."""
        self._awake = False
        events: list[MediaEvent] = []
        while self._events:
            events.extend(self._events.popleft())
        for event in events:
            if isinstance(event, LegClosed):
                slot, port = self._open.pop(event.leg)
                self._slots.append(slot)
                self._slots.sort(reverse=True)  # low slots first: a tick costs as much as the highest in use
                self._ports.append(port)
        return events

    def _wake(self) -> None:
        if self._loop is not None and not self._awake:
            self._awake = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        events = self.take_events()
        if self._on_tick is not None and events:
            self._on_tick(events)

    def _step_now(self, part: int) -> None:
        self.step(part, time.monotonic())

    def _finish(self) -> None:
        for state in list(self.plane.legs):
            if state is not None:
                self.plane.close(state)

    def stats(self) -> MediaStats:
        """Counters and the lateness histogram: keys legs, ticks, packets_received, packets_sent,
        packets_lost, packets_late, packets_duplicate, packets_foreign, packets_bad, send_errors,
        frames_skipped, starvations, lateness_ms {p50, p99, max}, lateness_histogram (bins of 0.1 ms),
        clock_restarts, cpu_seconds, recorder {cpu_seconds, bytes, failures}, priority ("fifo" | "nice" |
        "normal"), errors, error (the last)."""
        plane, clock, recorder = self.plane, self._clock, self._recorder
        totals, error = plane.totals(), clock.error or self._last_error
        return {
            "legs": sum(state is not None for state in plane.legs),
            "ticks": plane.tick_number,
            "packets_received": totals["received"],
            "packets_sent": plane.wire.sent,
            "packets_lost": totals["lost"],
            "packets_late": totals["late"],
            "packets_duplicate": totals["duplicates"],
            "packets_foreign": plane.streams.foreign + plane.wire.unlatched_packets,
            "packets_bad": plane.streams.bad,
            "send_errors": plane.wire.send_errors,
            "frames_skipped": totals["skipped"],
            "starvations": totals["starvations"],
            "lateness_ms": clock.lateness.summary(),
            "lateness_histogram": list(clock.lateness.bins),
            "clock_restarts": clock.restarts,
            "cpu_seconds": clock.cpu_seconds,
            "recorder": {
                "cpu_seconds": recorder.cpu_seconds if recorder else 0.0,
                "bytes": recorder.bytes_written if recorder else 0,
                "failures": recorder.failures if recorder else 0,
            },
            "priority": clock.priority,
            "errors": self._command_errors + clock.failures,
            "error": repr(error) if error else None,
        }
