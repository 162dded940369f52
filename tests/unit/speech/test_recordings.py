"""Files to samples as a call brings them, and many of them through a model that only keeps books."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from yingda.speech import recordings
from yingda.speech.hearing.recogniser import StepRequest, StepResult, StreamOptions
from yingda.speech.recordings import AudioError, read


def tone(rate: int, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def loudest_hertz(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("a.wav", 8000),
        ("a.wav", 11025),
        ("a.flac", 16000),
        ("a.ogg", 44100),
        ("a.mp3", 22050),
        ("a.WAV", 48000),
    ],
)
def test_any_rate_and_format_becomes_8_khz(tmp_path: Path, name: str, rate: int) -> None:
    soundfile.write(tmp_path / name, tone(rate), rate)
    samples = read(tmp_path / name, 10.0)
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert len(samples) == pytest.approx(4000, abs=400)  # mp3 adds frames
    assert loudest_hertz(samples, 8000) == pytest.approx(440, abs=3)


def test_opus_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.opus", tone(16000), 16000, format="OGG", subtype="OPUS")
    assert loudest_hertz(read(tmp_path / "a.opus", 10.0), 8000) == pytest.approx(440, abs=3)


def test_channels_are_mixed_evenly(tmp_path: Path) -> None:
    left = tone(8000)
    soundfile.write(
        tmp_path / "a.wav", np.stack([left, 0 * left, -0.5 * left], axis=1), 8000, subtype="FLOAT"
    )
    assert read(tmp_path / "a.wav", 10.0) == pytest.approx(left / 6, abs=1e-6)


def test_what_a_telephone_does_not_carry_is_gone(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(48000, hertz=6000.0), 48000)
    assert np.abs(read(tmp_path / "a.wav", 10.0)[200:-200]).max() < 0.01


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.wav", None, "a.wav: cannot be read (No such file or directory); expected audio"),
        ("a.wav", b"no sound", "a.wav: is no audio (Format not recognised); expected audio"),
        ("a.wav", b"", "a.wav: is no audio ("),
        ("a.raw", bytes(1600), "a.raw: is no audio (it has no header); expected audio"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, data: bytes | None, said: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(AudioError, match=re.escape(said)):
        read(tmp_path / name, 10.0)


def test_audio_that_no_call_could_bring_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, np.float32), 8000)
    soundfile.write(tmp_path / "nan.wav", np.full(800, np.nan, np.float32), 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "long.wav", tone(8000, 2.0), 8000)
    for name, said in (
        ("empty.wav", "has no samples"),
        ("nan.wav", "values that are no numbers"),
        ("long.wav", "lasts 2 s, expected at most 1.5 s (recogniser.max_audio_s); split it, or raise"),
    ):
        with pytest.raises(AudioError, match=rf"{name}: .*{re.escape(said)}"):
            read(tmp_path / name, 1.5)


def test_a_file_is_read_block_by_block_without_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(44100), tone(44100)], axis=1), 44100, subtype="FLOAT")
    whole = read(tmp_path / "a.wav", 10.0)
    sizes = []
    plain = soundfile.SoundFile.read

    def watched(file: soundfile.SoundFile, *args: Any, **kwargs: Any) -> np.ndarray:
        block = plain(file, *args, **kwargs)
        sizes.append(len(block))
        return block

    monkeypatch.setattr(recordings, "_BLOCK", 1000)
    monkeypatch.setattr(soundfile.SoundFile, "read", watched)
    assert np.array_equal(read(tmp_path / "a.wav", 10.0), whole)
    assert max(sizes) == 1000 and sum(sizes) == 22050


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("录音.wav".encode("gbk"))
    soundfile.write(os.fsencode(path), tone(8000), 8000)
    assert len(read(path, 10.0)) == 4000


def test_flac_that_was_written_into_a_pipe_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", tone(8000), 8000)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0  # total samples, 36 bits: 0 means unknown
    data[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(AudioError, match=r"a\.flac: does not say how long it is; expected audio"):
        read(tmp_path / "a.flac", 10.0)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_turn_went_through_alaw_and_has_silence_around_it(rate: int) -> None:
    turn = recordings.as_turn(tone(8000), rate)
    lead, tail = round(recordings.LEAD_S * rate), round(recordings.TAIL_S * rate)
    assert len(turn) == pytest.approx(lead + rate // 2 + tail, abs=2)
    assert np.abs(turn[: lead - 100]).max() < 0.01 and np.abs(turn[-tail + 100 :]).max() < 0.01
    assert loudest_hertz(turn[lead:-tail], rate) == pytest.approx(440, abs=3)
    if rate == 8000:
        words = turn[lead:-tail] * 32768
        assert recordings.through_alaw(words.astype(np.int16)) * 32768 == pytest.approx(words)
        assert not np.array_equal(words, np.rint(tone(8000) * 32767))


class BookKeeper:
    name, sample_rate, chunk_samples, kind, syllables = "books", 8000, 100, "ctc", False
    languages: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.steps: list[list[StepRequest]] = []

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        self.steps.append(list(requests))
        return [StepResult(final=f"{r.stream}" if r.last else "") for r in requests]

    def drop(self, streams: Sequence[int]) -> None:
        raise AssertionError


def test_streams_share_steps_and_come_out_in_order() -> None:
    model = BookKeeper()
    sizes = [450, 100, 250, 101]
    audio = [np.arange(1, size + 1, dtype=np.float32) for size in sizes]
    keys = ["long", "one", "three", "two"]
    heard = list(recordings.recognise(model, zip(keys, audio, strict=True), StreamOptions(), streams=2))
    assert [(key, [f.final for f in finals]) for key, finals in heard] == [
        ("long", ["0"]), ("one", ["1"]), ("three", ["2"]), ("two", ["3"]),
    ]  # fmt: skip
    assert [[r.stream for r in step] for step in model.steps] == [[0, 1], [0, 2], [0, 2], [0, 2], [0, 3], [3]]
    for stream, samples in enumerate(audio):
        requests = [r for step in model.steps for r in step if r.stream == stream]
        sent = np.concatenate([r.samples for r in requests])
        assert all(len(r.samples) == 100 and r.samples.dtype == np.float32 for r in requests)
        assert sent[: len(samples)].tolist() == samples.tolist() and not sent[len(samples) :].any()
        assert [r.first for r in requests] == [True] + [False] * (len(requests) - 1)
        assert [r.last for r in requests] == [False] * (len(requests) - 1) + [True]


class Choking(BookKeeper):
    """Fails in one step."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped: list[int] = []

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        if len(self.steps) == 2:
            self.steps.append([])
            raise RuntimeError("bad chunk")
        return super().step(requests)

    def drop(self, streams: Sequence[int]) -> None:
        self.dropped += streams


def test_a_failed_step_costs_its_recordings_and_no_others() -> None:
    sizes = {"a": 100, "b": 300, "c": 250, "d": 150, "e": 100}
    audio = [(key, np.ones(size, np.float32)) for key, size in sizes.items()]
    model, failed = Choking(), []
    heard = recordings.recognise(
        model, audio, StreamOptions(), 2, lambda key, error: failed.append(f"{key}: {error}")
    )
    assert [key for key, _ in heard] == ["a", "d", "e"]
    assert failed == ["b: bad chunk", "c: bad chunk"] and model.dropped == [1, 2]
    with pytest.raises(RuntimeError, match="bad chunk"):
        list(recordings.recognise(Choking(), audio, StreamOptions(), 2))


def test_recordings_are_taken_when_a_stream_is_free() -> None:
    taken = []

    def one_by_one():
        for number in range(4):
            taken.append(number)
            yield number, np.ones(150, np.float32)

    heard = recordings.recognise(BookKeeper(), one_by_one(), StreamOptions(), streams=2)
    assert next(heard)[0] == 0 and taken == [0, 1]
    assert [key for key, _ in heard] == [1, 2, 3]
    assert list(recordings.recognise(BookKeeper(), [], StreamOptions())) == []
