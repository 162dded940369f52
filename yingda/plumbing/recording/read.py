"""The one way to read a recording, whole or cut: samples, WAV, and what is to be known about it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from yingda.plumbing.recording import format as yrec
from yingda.plumbing.recording.keys import KeyRing

WAVE_FORMAT_ALAW = 6
SAMPLE_RATE_HZ = 8000
CHANNELS = 2
WAV_HEADER_BYTES = 58
_SILENCE = b"\xd5" * CHANNELS


def wav_header(data_bytes: int) -> bytes:
    """The header of a stereo A-law WAV file with data_bytes of audio: RIFF, fmt (18 bytes), fact, data."""
    rate = SAMPLE_RATE_HZ * CHANNELS
    form = (WAVE_FORMAT_ALAW, CHANNELS, SAMPLE_RATE_HZ, rate, CHANNELS, 8, 0)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", WAV_HEADER_BYTES - 8 + data_bytes, b"WAVE"),
            struct.pack("<4sIHHIIHHH", b"fmt ", 18, *form),
            struct.pack("<4sII", b"fact", 4, data_bytes // CHANNELS),
            struct.pack("<4sI", b"data", data_bytes),
        )
    )


@dataclass(frozen=True)
class Recording:
    """A recording in the clear.

    audio: A-law, customer and bot by turns. ended: why it ended (ended, stopped); None when it was cut.
    secret_ms: stretches in which the customer's side was silenced. lost_ms: stretches that the disk refused,
    silent here, so that both sides stay where they were.
    """

    call_id: str
    started_at: str
    audio: bytes = field(repr=False)
    ended: str | None = None
    secret_ms: tuple[tuple[int, int], ...] = ()
    lost_ms: tuple[tuple[int, int], ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.audio) / CHANNELS / SAMPLE_RATE_HZ

    @property
    def customer(self) -> bytes:
        """The customer's side, A-law."""
        return self.audio[0::CHANNELS]

    @property
    def bot(self) -> bytes:
        """The bot's side, A-law."""
        return self.audio[1::CHANNELS]

    def wav(self) -> bytes:
        """A stereo WAV file."""
        return wav_header(len(self.audio)) + self.audio


def read_recording(path: Path, ring: KeyRing) -> Recording:
    """Read a file. Raises OSError, KeysError where no key fits, RecordingError where it was altered."""
    return decrypt(path.read_bytes(), ring)


def decrypt(data: bytes, ring: KeyRing) -> Recording:
    """Read a file's bytes. Raises KeysError, RecordingError."""
    header = yrec.parse_header(data)
    data_key = ring.unwrap(header.master, header.wrapped)
    audio, ended = bytearray(), None
    secret: list[tuple[int, int]] = []
    lost: list[tuple[int, int]] = []
    for record in yrec.records(data, data_key):
        have = len(audio) // CHANNELS
        if record.sample < have:
            raise yrec.RecordingError(f"record {record.counter}: it begins before the one before it ended")
        if record.sample > have:
            lost.append((have, record.sample))
            audio += _SILENCE * (record.sample - have)
        if record.kind == yrec.END:
            ended = record.data.decode()
            continue  # anything behind it is an error
        audio += record.data
        if record.kind == yrec.SECRET:
            secret.append((record.sample, len(audio) // CHANNELS))
    about = header.about
    return Recording(about["call"], about["started_at"], bytes(audio), ended, _ms(secret), _ms(lost))


def _ms(stretches: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Samples to milliseconds, with neighbours joined."""
    joined: list[tuple[int, int]] = []
    for begin, end in stretches:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return tuple((begin * 1000 // SAMPLE_RATE_HZ, end * 1000 // SAMPLE_RATE_HZ) for begin, end in joined)
