"""Jitter buffers of all legs at once: packets in, one 20 ms frame of every leg per tick out.

A packet's sequence number is widened to 64 bits against the leg's play point, so wrapping needs no care
after that. The packet lies in slot `number % SLOTS` of its leg and `held` says which number a slot holds.
State per leg:

    idle -> (first packet) -> filling -> (depth reaches the target) -> running -> (nothing buffered) ->
    filling ...

While running, the play point moves one frame per tick. A number that is missing although newer ones are
there is lost, and concealed by repeating the last frame, decaying to silence in CONCEAL_GAINS. When nothing
is there at all the play point waits, so the delay grows by itself; a short starvation also raises the leg's
target depth. Every WINDOW ticks a leg whose buffer never fell to its target skips one frame: that bounds
the delay and follows a peer whose clock runs faster than ours; a slower one is met by the waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yingda.sansio.rtp.g711 import ALAW_SILENCE, decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from yingda.sansio.rtp.packet import FRAME_BYTES

UInt8Array = npt.NDArray[np.uint8]
Int16Array = npt.NDArray[np.int16]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]

SLOTS = 16
MAX_TARGET = 8
RESTART = 50  # numbers; a packet so far behind is from a peer that began anew
WINDOW = 64  # ticks between two looks at the depth
CALM = 8  # windows without a starvation before a raised target falls by one
SHORT_STARVATION = 10  # ticks; longer is a pause of the peer, not jitter
CONCEAL_GAINS = np.array([0.8, 0.5, 0.25, 0.1], np.float32)
RECEIVED, CONCEALED, EMPTY = 0, 1, 2
_AUDIO, _EVENT = 0, 1
_FIRST = 1 << 20  # number of a leg's first packet: room below it for packets that it overtook


@dataclass(frozen=True)
class Frames:
    """One tick of legs 0..n-1. codes are in each leg's own law, pcm is decoded and concealed."""

    codes: UInt8Array  # [n, 160]
    pcm: Int16Array  # [n, 160]
    kinds: UInt8Array  # [n] RECEIVED, CONCEALED, EMPTY
    arrived_ms: Float64Array  # [n] NaN unless RECEIVED


class JitterBuffer:
    """Jitter buffers for `capacity` legs, named by their index. Not thread safe; no clock: a call of play
    is a tick."""

    def __init__(self, capacity: int, prefill: int = 2) -> None:
        self.capacity, self.prefill = capacity, prefill
        self._codes = np.full((capacity * SLOTS, FRAME_BYTES), ALAW_SILENCE, np.uint8)
        self._held = np.full(capacity * SLOTS, -1, np.int64)
        self._type = np.zeros(capacity * SLOTS, np.uint8)
        self._arrived = np.zeros(capacity * SLOTS, np.float64)
        self._base = np.arange(capacity, dtype=np.int64) * SLOTS
        self._play = np.full(capacity, _FIRST, np.int64)
        self._top = np.full(capacity, _FIRST - 1, np.int64)
        self._started = np.zeros(capacity, np.bool_)
        self._filling = np.ones(capacity, np.bool_)
        self._target = np.full(capacity, prefill, np.int64)
        # frames without audio since the last good one
        self._misses = np.full(capacity, len(CONCEAL_GAINS), np.int64)
        self._starved = np.zeros(capacity, np.int64)
        self._low = np.full(capacity, SLOTS, np.int64)
        self._trouble = np.zeros(capacity, np.bool_)
        self._last_slot = self._base.copy()
        self._silence = np.full(capacity, ALAW_SILENCE, np.uint8)
        self._ulaw = np.zeros(capacity, np.bool_)
        self._any_ulaw = False
        self._tick = 0
        self.received = np.zeros(capacity, np.int64)
        self.lost = np.zeros(capacity, np.int64)
        self.late = np.zeros(capacity, np.int64)
        self.duplicates = np.zeros(capacity, np.int64)
        self.skipped = np.zeros(capacity, np.int64)
        self.starvations = np.zeros(capacity, np.int64)

    def open(self, leg: int, silence: int = ALAW_SILENCE) -> None:
        """Begin a leg anew, counters too. silence: the code of zero in its law (0xD5 A-law, 0xFF mu-law)."""
        self.restart(leg)
        self._silence[leg] = silence
        self._ulaw[leg] = silence != ALAW_SILENCE
        self._any_ulaw = bool(self._ulaw.any())
        self._target[leg] = self.prefill
        for counter in (self.received, self.lost, self.late, self.duplicates, self.skipped, self.starvations):
            counter[leg] = 0

    def restart(self, leg: int) -> None:
        """Forget what is buffered (new SSRC, other packet time, end of a hold); the target depth stays."""
        slots = slice(leg * SLOTS, (leg + 1) * SLOTS)
        self._held[slots] = -1
        self._codes[slots] = self._silence[leg]
        self._started[leg], self._filling[leg] = False, True
        self._misses[leg], self._starved[leg], self._low[leg] = len(CONCEAL_GAINS), 0, SLOTS
        self._play[leg], self._top[leg] = _FIRST, _FIRST - 1

    def depth(self, leg: int) -> int:
        """Frames buffered now."""
        return int(self._top[leg] - self._play[leg] + 1) if self._started[leg] else 0

    def target(self, leg: int) -> int:
        """Frames that the leg fills up to before it plays."""
        return int(self._target[leg])

    def insert(
        self, legs: Int64Array, sequences: npt.NDArray[Any], payloads: UInt8Array, arrived_ms: Float64Array
    ) -> None:
        """Take packets: leg index, 16-bit number, 160 codes and time of arrival of each. Any order, any mix
        of legs."""
        self.received += np.bincount(legs, minlength=self.capacity)
        self._insert(legs, sequences.astype(np.int64), payloads, arrived_ms, _AUDIO)

    def insert_event(self, leg: int, sequence: int) -> None:
        """A telephone event took this number: silence, but not a loss."""
        empty = np.full((1, FRAME_BYTES), self._silence[leg], np.uint8)
        self._insert(np.array([leg]), np.array([sequence]), empty, np.array([np.nan]), _EVENT)

    def _insert(
        self, legs: Int64Array, sequences: Int64Array, payloads: UInt8Array, arrived: Float64Array, kind: int
    ) -> None:
        if not self._started[legs].all():
            self._start(legs, sequences)
        play = self._play[legs]
        ahead = ((sequences - play + 32768) & 65535) - 32768
        if ahead.max() >= SLOTS or ahead.min() < -RESTART:
            self._jump(legs, ahead)
            play = self._play[legs]
            ahead = ((sequences - play + 32768) & 65535) - 32768
        number = play + ahead
        slot = self._base[legs] + (number & (SLOTS - 1))
        again = self._held[slot] == number
        useless = again | (ahead < 0)
        if useless.any():
            np.add.at(self.duplicates, legs[again], 1)
            np.add.at(self.late, legs[(ahead < 0) & ~again], 1)
            good = ~useless
            legs, number, slot = legs[good], number[good], slot[good]
            payloads, arrived = payloads[good], arrived[good]
        self._codes[slot] = payloads
        self._held[slot] = number
        self._type[slot] = kind
        self._arrived[slot] = arrived
        np.maximum.at(self._top, legs, number)

    def _start(self, legs: Int64Array, sequences: Int64Array) -> None:
        """First packets: the play point is the oldest of those that came together."""
        for leg in np.unique(legs[~self._started[legs]]).tolist():
            mine = sequences[legs == leg]
            relative = ((mine - mine[0] + 32768) & 65535) - 32768
            first = int(mine[0] + max(int(relative.min()), -SLOTS)) & 0xFFFF
            self._play[leg] = (_FIRST & ~0xFFFF) + first
            self._top[leg] = self._play[leg] - 1
            self._started[leg], self._filling[leg] = True, True

    def _jump(self, legs: Int64Array, ahead: Int64Array) -> None:
        """Numbers far ahead (a stall, then a burst) or far behind (the peer began anew): move the play
        point there."""
        for leg in np.unique(legs[(ahead >= SLOTS) | (ahead < -RESTART)]).tolist():
            mine = ahead[legs == leg]
            furthest = int(mine.max()) if mine.max() >= SLOTS else int(mine.min())
            move = furthest - int(self._target[leg]) + 1
            # backwards goes up by whole rounds of the 16-bit numbers: a slot must never match an old number
            self._play[leg] += move if move > 0 else move + 65536
            self._top[leg] = self._play[leg] - 1
            self._filling[leg] = False

    def play(self, count: int, out: UInt8Array | None = None) -> Frames:
        """The next frame of legs 0..count-1. out: where to put the codes, [count, 160] contiguous."""
        started, filling = self._started[:count], self._filling[:count]
        misses, point = self._misses[:count], self._play[:count]
        depth = self._top[:count] - point + 1
        filling &= depth < self._target[:count]
        run = started & ~filling
        slot = self._base[:count] + (point & (SLOTS - 1))
        have = run & (self._held[slot] == point)
        codes = np.take(self._codes, slot, axis=0, mode="wrap", out=out)
        kinds = np.where(have, self._type[slot] * np.uint8(EMPTY), np.uint8(EMPTY))
        arrived = np.where(have, self._arrived[slot], np.nan)
        np.copyto(self._last_slot[:count], slot, where=have)
        misses += 1
        misses[have] = 0
        point += run
        whole = bool(have.all())
        if not whole:
            self._account(run, have, depth)
            missing = ~have
            codes[missing] = self._silence[:count][missing, None]
        self._watch(count, run, depth)
        pcm = self._decode(codes)
        if not whole:
            self._conceal(codes, pcm, kinds)
        return Frames(codes, pcm, kinds, arrived)

    def _account(self, run: BoolArray, have: BoolArray, depth: Int64Array) -> None:
        """Losses move on; a leg with nothing buffered waits at its play point and fills again."""
        count = len(run)
        gap = run & ~have
        dry = gap & (depth <= 0)
        self.lost[:count] += gap & ~dry
        self._play[:count] -= dry
        self.starvations[:count] += dry
        self._filling[:count] |= dry
        self._starved[:count] += self._started[:count] & self._filling[:count]

    def _watch(self, count: int, run: BoolArray, depth: Int64Array) -> None:
        """Adapt: a short starvation raises the target; a buffer always too full skips a frame."""
        starved, target = self._starved[:count], self._target[:count]
        back = run & (starved > 0)
        if back.any():
            back &= depth > 0
            jitter = back & (starved <= SHORT_STARVATION) & (self.starvations[:count] > 0)
            target[jitter] = np.minimum(target[jitter] + 1, MAX_TARGET)
            self._trouble[:count] |= jitter
            starved[back] = 0
        low = self._low[:count]
        np.minimum(low, depth, out=low, where=run)
        self._tick += 1
        if self._tick % WINDOW == 0:
            skip = run & (low > target) & (low < SLOTS)
            self._play[:count] += skip
            self.skipped[:count] += skip
            low[:] = SLOTS
        if self._tick % (CALM * WINDOW) == 0:
            target[~self._trouble[:count] & (target > self.prefill)] -= 1
            self._trouble[:] = False

    def _decode(self, codes: UInt8Array) -> Int16Array:
        pcm = decode_alaw(codes)
        if self._any_ulaw:
            ulaw = self._ulaw[: len(codes)]
            pcm[ulaw] = decode_ulaw(codes[ulaw])
        return pcm

    def _conceal(self, codes: UInt8Array, pcm: Int16Array, kinds: UInt8Array) -> None:
        """Repeat the last frame, ever quieter, where audio is missing; at its place in codes, pcm and
        kinds."""
        count = len(codes)
        misses = self._misses[:count]
        hidden = np.nonzero((misses > 0) & (misses <= len(CONCEAL_GAINS)) & self._started[:count])[0]
        if not len(hidden):
            return
        last = self._codes[self._last_slot[hidden]]
        ulaw = self._ulaw[hidden][:, None]
        gains = CONCEAL_GAINS[self._misses[hidden] - 1][:, None]
        before = np.where(ulaw, decode_ulaw(last), decode_alaw(last))
        made = (before * gains).astype(np.int16)
        pcm[hidden] = made
        codes[hidden] = np.where(ulaw, encode_ulaw(made), encode_alaw(made))
        kinds[hidden] = CONCEALED
