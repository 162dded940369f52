"""One tick of all legs: what came in -> jitter buffers -> frames up; clips -> packets out; both ->
recordings.

No thread, no clock: `drain`, `tick` and `send` are called with the time by the media thread, or by a test.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yingda.gateway.media_events import (
    FRAME_MS,
    Address,
    FramesReceived,
    LegClosed,
    MediaEvent,
    MediaLatched,
    MediaSettings,
    MediaTimeout,
)
from yingda.gateway.media_playout import PlayoutBank
from yingda.gateway.media_sockets import Poller, Socket, SocketBank
from yingda.gateway.media_streams import StreamBank
from yingda.gateway.recorder import Batch, Ending, Recorder, Tape
from yingda.sansio.rtp.dtmf import DigitPacket
from yingda.sansio.rtp.jitter import JitterBuffer
from yingda.sansio.rtp.packet import FRAME_BYTES, HEADER_BYTES, KIND_MASK, MARKER, PACKET_BYTES, VERSION

UInt8Array = npt.NDArray[np.uint8]
RING = 50  # ticks: each recording is written once a second
HOUSEKEEPING_TICKS = 5


@dataclass
class LegState:
    """One leg, as the media thread sees it."""

    leg_id: int
    slot: int
    socket: Socket
    announced: Address | None = None
    payload_type: int = 8
    dtmf_type: int | None = None
    tape: Tape | None = None
    taped_tick: int = 0  # frames before this tick are with the recorder
    secret: bool = False  # the customer's side is not recorded
    paused: bool = False
    held: bool = False
    digits: Iterator[DigitPacket] | None = None
    digit_timestamp: int = 0
    # random starts, RFC 3550 section 5.1
    ssrc: int = field(default_factory=lambda: random.getrandbits(32))
    first_sequence: int = field(default_factory=lambda: random.getrandbits(15))
    first_timestamp: int = field(default_factory=lambda: random.getrandbits(31))


class MediaPlane:
    """All legs of the media thread. Errors of single packets are counted, never raised."""

    def __init__(self, settings: MediaSettings, poller: Poller, recorder: Recorder | None) -> None:
        size = settings.max_legs
        self.settings = settings
        self.wire = SocketBank(size, settings.drains_per_tick, poller)
        self.jitter = JitterBuffer(size, settings.prefill_frames)
        self.playout = PlayoutBank(size)
        self.streams = StreamBank(size, self.jitter)
        self._recorder = recorder
        self.legs: list[LegState | None] = [None] * size
        self._count = 0  # slots in use lie below this
        self._live = np.zeros(size, np.bool_)
        self._ids = np.zeros(size, np.int64)
        self._heard = np.zeros(size, np.int64)  # tick of the last packet
        self._told_timeout = np.zeros(size, np.bool_)
        self._sequence = np.zeros(size, np.uint16)
        self._timestamp = np.zeros(size, np.uint32)
        self._marker = np.zeros(size, np.uint8)
        self._second = np.zeros(size, np.uint8)  # payload type
        self._ring_in = np.full((RING, size, FRAME_BYTES), 0xD5, np.uint8)
        self._ring_out = np.full((RING, size, FRAME_BYTES), 0xD5, np.uint8)
        self._dialling: set[int] = set()
        self._closed: deque[MediaEvent] = deque()
        self.events: list[MediaEvent] = []
        self.tick_number = 0
        self.past = {"received": 0, "lost": 0, "late": 0, "duplicates": 0, "skipped": 0, "starvations": 0}

    # commands: each runs at the start of a tick -------------------------------------------------------------

    def connect(self, state: LegState, remote: Address, payload_type: int, dtmf_type: int | None) -> None:
        """Begin media, or move it when remote, payload_type or dtmf_type are new."""
        slot = state.slot
        if self.legs[slot] is None:
            self._begin(state)
        if state.announced == remote and (payload_type, dtmf_type) == (state.payload_type, state.dtmf_type):
            return
        if state.announced is None or payload_type != state.payload_type:
            self.playout.open(slot, state.leg_id, payload_type)
        state.payload_type, state.dtmf_type = payload_type, dtmf_type
        self.streams.open(slot, state.leg_id, payload_type, dtmf_type)
        self._second[slot] = payload_type
        if state.announced != remote:
            self.wire.add(slot, state.socket, remote, self.settings.latch_foreign)
            state.announced = remote
        self._heard[slot], self._told_timeout[slot] = self.tick_number, False
        self.hold(state, state.held)

    def _begin(self, state: LegState) -> None:
        slot = state.slot
        self.legs[slot] = state
        self._count = max(self._count, slot + 1)
        self._ids[slot] = state.leg_id
        self._sequence[slot], self._timestamp[slot] = state.first_sequence, state.first_timestamp
        row = self.wire.out_records[slot : slot + 1]
        row["first"], row["ssrc"] = VERSION, state.ssrc
        self._marker[slot] = MARKER
        state.taped_tick = self.tick_number

    def hold(self, state: LegState, held: bool) -> None:
        """Send nothing and take nothing, or go on."""
        slot = state.slot
        changed, state.held = held != state.held, held
        if self.legs[slot] is None:
            return
        self._live[slot] = not held
        self._heard[slot], self._told_timeout[slot] = self.tick_number, False
        self.wire.set_sending(slot, not held)
        if changed:
            self.streams.open(slot, state.leg_id, state.payload_type, state.dtmf_type)
            self._marker[slot] = 0 if held else MARKER  # first packet after a pause, RFC 3551 section 4.1
        self._freeze(state)

    def pause(self, state: LegState, paused: bool) -> None:
        """Freeze or thaw the play-out."""
        state.paused = paused
        self._freeze(state)

    def _freeze(self, state: LegState) -> None:
        if state.paused or state.held:
            self.playout.freeze(state.slot)
        else:
            self.playout.thaw(state.slot)

    def stop_playback(self, state: LegState) -> None:
        """Silence now."""
        state.paused = False
        self.playout.stop(state.slot)
        self._freeze(state)

    def send_digits(self, state: LegState, packets: Iterator[DigitPacket]) -> None:
        """Replace the leg's packets by these until they end; nothing when events were not negotiated."""
        if state.dtmf_type is not None:
            state.digits = packets
            self._dialling.add(state.slot)

    def keep_secret(self, state: LegState, secret: bool) -> None:
        """Leave the customer's side out of the recording from this tick on, or record it again."""
        if secret != state.secret:
            self._tape_now(state)
            state.secret = secret

    def stop_recording(self, state: LegState, erase: bool) -> None:
        """Record no more of this leg; `erase` deletes what there is."""
        if state.tape is not None and self._recorder is not None:
            self._tape_now(state)
            self._recorder.put(Ending(state.tape, reason="stopped", erase=erase))
            state.tape = None

    def close(self, state: LegState) -> None:
        """End the leg; LegClosed comes when its recording is complete."""
        slot = state.slot
        counters: dict[str, int] = {}
        if self.legs[slot] is None:
            state.socket.close()
        else:
            counters = self._counters(slot)
            for name, value in counters.items():
                self.past[name] += value
            self.wire.remove(slot)
            self.streams.close(slot)
            self.jitter.open(slot)
            self.playout.open(slot, 0, 8)
        event = LegClosed(state.leg_id, counters)
        if state.tape is not None and self._recorder is not None:
            self._tape_now(state)
            self._recorder.put(Ending(state.tape, lambda: self._closed.append(event)))
        else:
            self._closed.append(event)
        self.legs[slot], self._live[slot] = None, False
        self._dialling.discard(slot)

    def _counters(self, slot: int) -> dict[str, int]:
        jitter = self.jitter
        return {name: int(getattr(jitter, name)[slot]) for name in self.past}

    def totals(self) -> dict[str, int]:
        """Counters of all legs, closed ones too."""
        return {name: value + int(getattr(self.jitter, name).sum()) for name, value in self.past.items()}

    # the tick ---------------------------------------------------------------

    def take_received(self) -> None:
        """Put the rows drained since the last tick into the jitter buffers."""
        wire = self.wire
        for leg, address in wire.latched:
            self.events.append(MediaLatched(int(self._ids[leg]), address))
        wire.latched.clear()
        if wire.legs:
            try:
                self._sort_rows(len(wire.legs))
            finally:
                wire.clear()

    def _sort_rows(self, count: int) -> None:
        wire, streams = self.wire, self.streams
        legs, rows, arrived = np.array(wire.legs), wire.records[:count], wire.arrived[:count]
        plain = (rows["kind"] & KIND_MASK) == streams.kind[legs]
        plain &= rows["source"] == streams.source[legs]
        if wire.lengths.count(PACKET_BYTES) != count:
            plain &= np.array(wire.lengths) == PACKET_BYTES
        if not plain.all():
            self._take_odd(np.nonzero(~plain)[0])
            legs, rows, arrived = legs[plain], rows[plain], arrived[plain]
        if len(legs):
            self.jitter.insert(legs, rows["sequence"], rows["payload"], arrived)
            self._heard[legs] = self.tick_number

    def _take_odd(self, rows: npt.NDArray[np.int64]) -> None:
        wire = self.wire
        for row in rows.tolist():
            leg, length = wire.legs[row], wire.lengths[row]
            if self._live[leg]:
                data = wire.table[row, :length].tobytes()
                heard = int(self._heard[leg])
                if self.streams.receive(leg, data, self.tick_number, heard, float(wire.arrived[row])):
                    self._heard[leg] = self.tick_number

    def tick(self, now_ms: float) -> None:
        """One frame of every leg: events to `events`, packets to the wire's rows (sent by `send`)."""
        self._trim()
        count, number = self._count, self.tick_number
        if count:
            frames = self.jitter.play(count, self._ring_in[number % RING, :count])
            live = self._live[:count]
            codes = self.playout.next_frames(count, self._ring_out[number % RING, :count])
            self._build(count, codes)
            if self._dialling:
                self._dial()
            self._tell_frames(now_ms, live, frames.pcm, frames.kinds, frames.arrived_ms)
        self.tick_number = number + 1
        if count:
            self._tape(range((number + 1) % RING, count, RING), number + 1)
        if number % HOUSEKEEPING_TICKS == 0:
            self._keep_house(count, now_ms)
        self._collect()

    def send(self, group: int) -> None:
        """Send a group's packets and tell what began or ended with them."""
        at_ms = self.wire.send(group)
        told = self.playout.told
        if told:
            mine = [make for leg, make in told if self.wire.group_of(leg) == group]
            self.playout.told = [item for item in told if self.wire.group_of(item[0]) != group]
            self.events.extend(make(at_ms) for make in mine)

    def _trim(self) -> None:
        while self._count and self.legs[self._count - 1] is None:
            self._count -= 1

    def _build(self, count: int, codes: UInt8Array) -> None:
        rows = self.wire.out_records[:count]
        self._sequence[:count] += self._live[:count]
        self._timestamp[:count] += np.uint32(FRAME_BYTES)
        rows["second"] = self._second[:count] | self._marker[:count]
        rows["sequence"] = self._sequence[:count]
        rows["timestamp"] = self._timestamp[:count]
        rows["payload"] = codes
        self._marker[:count] = 0

    def _dial(self) -> None:
        for slot in list(self._dialling):
            state = self.legs[slot]
            if state is None or state.held or state.digits is None or state.dtmf_type is None:
                continue
            packet = next(state.digits, None)
            if packet is None:
                state.digits = None
                self._dialling.discard(slot)
                continue
            row = self.wire.out_records[slot : slot + 1]
            if packet.payload is None:
                row["payload"] = 0xD5 if state.payload_type == 8 else 0xFF
                continue
            if packet.start:
                state.digit_timestamp = int(self._timestamp[slot])
            row["second"] = state.dtmf_type | (MARKER if packet.start else 0)
            row["timestamp"] = state.digit_timestamp
            size = len(packet.payload)
            self.wire.out[slot, HEADER_BYTES : HEADER_BYTES + size] = np.frombuffer(packet.payload, np.uint8)
            self.wire.cut(slot, HEADER_BYTES + size)

    def _tell_frames(
        self,
        now_ms: float,
        live: npt.NDArray[np.bool_],
        pcm: npt.NDArray[np.int16],
        kinds: UInt8Array,
        arrived: npt.NDArray[np.float64],
    ) -> None:
        ids = self._ids[: len(live)]
        if live.all():
            ids = ids.copy()
        elif live.any():
            ids, pcm, kinds, arrived = ids[live], pcm[live], kinds[live], arrived[live]
        else:
            return
        pcm.flags.writeable = False
        self.events.append(FramesReceived(self.tick_number, now_ms, ids, pcm, kinds, arrived))

    def _tape_now(self, state: LegState) -> None:
        if self.legs[state.slot] is not None:
            self._tape([state.slot], self.tick_number)

    def _tape(self, slots: list[int] | range, end_tick: int) -> None:
        """Give the recorder the frames of these legs up to end_tick (not included)."""
        recorder = self._recorder
        if recorder is None:
            return
        due: list[int] = []
        tapes: list[Tape] = []
        counts: list[int] = []
        ulaw: list[bool] = []
        secret: list[bool] = []
        for slot in slots:
            state = self.legs[slot]
            if state is not None and state.tape is not None:
                due.append(slot)
                tapes.append(state.tape)
                counts.append(min(end_tick - state.taped_tick, RING))
                ulaw.append(state.payload_type == 0)
                secret.append(state.secret)
                state.taped_tick = end_tick
        if due:
            rings = (self._ring_in[:, due], self._ring_out[:, due])
            recorder.put(Batch(tapes, counts, ulaw, secret, end_tick % RING, *rings))

    def _keep_house(self, count: int, now_ms: float) -> None:
        self.streams.expire(now_ms)
        silent = (self.tick_number - self._heard[:count]) * FRAME_MS
        out = (silent >= self.settings.media_timeout_ms) & self._live[:count]
        new = out & ~self._told_timeout[:count]
        self._told_timeout[:count] = out
        for slot in np.nonzero(new)[0].tolist():
            self.events.append(MediaTimeout(int(self._ids[slot]), int(silent[slot])))

    def _collect(self) -> None:
        for source in (self.streams.events, self.playout.events):
            if source:
                self.events.extend(source)
                source.clear()
        while self._closed:
            self.events.append(self._closed.popleft())
