"""Riva's recognition requests, read and refused; no ports."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import grpc
import pytest
from riva.client.proto import riva_asr_pb2 as pb
from riva.client.proto import riva_audio_pb2

from yingda.speech.api.refusals import BadRequest
from yingda.speech.api.riva_asr import MOST_PHRASES, RivaRecognition, read_options, strip_wav
from yingda.speech.hearing.recogniser import Recogniser, StepRequest, StepResult
from yingda.speech.hearing.streams import Hearing
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.words.transcript import Transcriber


def boosted(phrases: Sequence[str], boost: float = 8.0) -> pb.RecognitionConfig:
    return pb.RecognitionConfig(speech_contexts=[pb.SpeechContext(phrases=phrases, boost=boost)])


def test_phrases_are_read_and_their_number_is_bounded() -> None:
    assert read_options(boosted(["余额", " "], 5.0)).boosts == (("余额", 5.0),)
    assert len(read_options(boosted(["余额"] * MOST_PHRASES)).boosts) == MOST_PHRASES
    for phrases in (["余额"] * (MOST_PHRASES + 1), ["余" * 64_001]):
        with pytest.raises(BadRequest, match=rf"got {len(phrases)} phrases, expected at most 1000"):
            read_options(boosted(phrases))
    for boost in (float("nan"), float("inf")):
        with pytest.raises(BadRequest, match="a boost that is no number"):
            read_options(boosted(["余额"], boost))


def wav(form: int, bits: int, channels: int = 1) -> bytes:
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, form, channels, 8000, 8000 * bits // 8, bits // 8, bits)
    return b"RIFF\0\0\0\0WAVE" + head + struct.pack("<4sI", b"data", 4) + b"abcd"


@pytest.mark.parametrize(("form", "bits", "name"), [(1, 16, "LINEAR_PCM"), (6, 8, "ALAW"), (7, 8, "MULAW")])
def test_wav_files_that_are_heard(form: int, bits: int, name: str) -> None:
    assert strip_wav(wav(form, bits), "LINEAR_PCM", 16000) == (b"abcd", name, 8000)


@pytest.mark.parametrize(("form", "bits", "channels"), [(1, 8, 1), (1, 24, 1), (3, 32, 1), (1, 16, 2)])
def test_wav_files_that_would_be_heard_as_noise(form: int, bits: int, channels: int) -> None:
    with pytest.raises(BadRequest, match="one channel of 16-bit PCM, A-law or mu-law"):
        strip_wav(wav(form, bits, channels), "LINEAR_PCM", 16000)


class Deaf:
    name, sample_rate, chunk_samples, kind, syllables = "deaf", 8000, 1280, "ctc", False
    languages: tuple[str, ...] = ()

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        return [StepResult() for _ in requests]

    def drop(self, streams: Sequence[int]) -> None:
        pass


class Context:
    """What of gRPC's the service uses."""

    def __init__(self) -> None:
        self.ends: list[tuple[grpc.StatusCode, str]] = []

    def invocation_metadata(self) -> tuple[()]:
        return ()

    async def send_initial_metadata(self, metadata: Any) -> None:
        pass

    async def abort(self, code: grpc.StatusCode, details: str, trailing: Any) -> None:
        self.ends.append((code, details))
        raise grpc.aio.AbortError


@pytest.fixture(name="recogniser")
def make_recogniser() -> Iterator[Recogniser]:
    recogniser = Recogniser(Deaf, 2, 8, 0.0, Metrics())
    recogniser.begin().result(10)
    yield recogniser
    recogniser.stop()


async def test_a_client_that_has_forgotten_its_stream_loses_the_slot(recogniser: Recogniser) -> None:
    hearing = Hearing(recogniser, Deaf(), Transcriber(None), Settings(), Metrics())
    service, context = RivaRecognition(hearing, Metrics(), idle_s=0.01), Context()
    slots: list[int] = []

    async def requests() -> AsyncIterator[pb.StreamingRecognizeRequest]:
        encoding = riva_audio_pb2.AudioEncoding.ALAW
        config = pb.RecognitionConfig(encoding=encoding, sample_rate_hertz=8000)
        streaming = pb.StreamingRecognitionConfig(config=config)
        yield pb.StreamingRecognizeRequest(streaming_config=streaming)
        slots.append(recogniser.open_streams)
        await asyncio.Event().wait()

    answers: Any = service.StreamingRecognize(requests(), context)  # type: ignore[arg-type]
    with pytest.raises(grpc.aio.AbortError):
        _ = [answer async for answer in answers]
    assert slots == [1] and recogniser.open_streams == 0
    ((code, details),) = context.ends
    assert code is grpc.StatusCode.INVALID_ARGUMENT and details.startswith(
        "nothing came for 0.01 s; send audio"
    )
