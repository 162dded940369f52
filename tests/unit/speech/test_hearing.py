"""One stream through the recogniser, whichever API it comes by, with a model that counts."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from yingda.speech import audio
from yingda.speech.api.refusals import BadRequest, Why, explain
from yingda.speech.hearing.recogniser import Recogniser, StepRequest, StepResult, Stopping, TooManyStreams
from yingda.speech.hearing.streams import Hearing, Wanted
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.voice.synthesiser import TextError, TextTooLong, TooBusy
from yingda.speech.words.transcript import Transcriber, Transcript

CHUNK = 1280  # samples: 160 ms


class Counter:
    """Hears a syllable a chunk, and an utterance's end after each third."""

    name, sample_rate, chunk_samples, kind, syllables = "counter", 8000, CHUNK, "ctc", False
    languages: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.heard: dict[int, int] = {}
        self.dropped: list[int] = []

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        return [self._step(r) for r in requests]

    def _step(self, request: StepRequest) -> StepResult:
        n = self.heard[request.stream] = self.heard.get(request.stream, 0) + 1
        text = "好" * (n % 3 or 3)
        if request.last or n % 3 == 0:
            return StepResult(final=text, confidence=0.5)
        return StepResult(partial=text, confidence=0.5)

    def drop(self, streams: Sequence[int]) -> None:
        self.dropped += streams


@pytest.fixture(name="model")
def make_model() -> Counter:
    return Counter()


@pytest.fixture(name="hearing")
def make_hearing(model: Counter) -> Iterator[Hearing]:
    metrics = Metrics()
    recogniser = Recogniser(lambda: model, 2, 8, 0.0, metrics)
    recogniser.begin().result(10)
    yield Hearing(recogniser, model, Transcriber(None), Settings(max_audio_s=10), metrics)
    recogniser.stop()


@pytest.mark.requirement(1)
async def test_partials_then_a_final_for_each_utterance(hearing: Hearing) -> None:
    stream = hearing.open(Wanted("ALAW", 8000))
    heard = [h async for h in stream.feed(b"\xd5" * CHUNK * 4)]
    last = await stream.finish()
    assert [(h.text, h.is_final) for h in (*heard, last)] == [
        ("好", False), ("好好", False), ("好好好", True), ("好", False), ("好好", True),
    ]  # fmt: skip
    assert [round(h.end_s, 2) for h in heard] == [0.16, 0.32, 0.48, 0.64]
    assert [round(h.start_s, 2) for h in heard] == [0.0, 0.0, 0.0, 0.48]
    assert round(last.end_s, 2) == 0.64  # what the last step was filled up with is no audio


@pytest.mark.requirement(9)
async def test_times_go_on_from_those_of_a_stream_that_broke_off(hearing: Hearing) -> None:
    stream = hearing.open(Wanted("ALAW", 8000, is_resumed=True, offset_s=2.0))
    heard = [h async for h in stream.feed(b"\xd5" * CHUNK * 4)]
    assert [round(h.end_s, 2) for h in heard] == [2.16, 2.32, 2.48, 2.64]
    assert [round(h.start_s, 2) for h in heard] == [2.0, 2.0, 2.0, 2.48]
    await stream.finish()
    metrics = hearing._metrics
    assert metrics.value("speech_resumed_total") == 1
    assert metrics.value("speech_first_partial_seconds") == pytest.approx(0.16), "audio of this stream"


@pytest.mark.requirement(89)
async def test_finals_tell_how_sure_the_recogniser_is(hearing: Hearing) -> None:
    stream = hearing.open(Wanted("ALAW", 8000))
    _ = [h async for h in stream.feed(b"\xd5" * CHUNK * 4)]
    await stream.finish()
    metrics = hearing._metrics
    assert metrics.observations("speech_final_confidence") == metrics.value("speech_recognised_total") == 2
    assert metrics.value("speech_final_confidence") == pytest.approx(1.0)
    assert metrics.value("speech_empty_finals_total") == 0


class Twice(Transcriber):
    """Knows two texts for everything."""

    def read(self, raw: str, *others: Any, **more: Any) -> Transcript:
        most = others[4]
        return Transcript(raw, 0.6, (("号", 0.3),)[: most - 1])


async def test_finals_bring_as_many_texts_as_were_asked_for(hearing: Hearing) -> None:
    hearing._transcriber = Twice(None)
    for most, expected in ((1, ()), (2, (("号", 0.3),))):
        stream = hearing.open(Wanted("ALAW", 8000, alternatives=most))
        (partial,) = [h async for h in stream.feed(b"\xd5" * CHUNK)]
        assert partial.others == ()
        assert (await stream.finish()).others == expected


async def test_without_interim_there_are_finals_only(hearing: Hearing) -> None:
    stream = hearing.open(Wanted("LINEAR_PCM", 8000, interim=False))
    pcm = bytes(CHUNK * 2 * 4)
    heard = [h.text async for h in stream.feed(pcm[:999])]
    heard += [h.text async for h in stream.feed(pcm[999:])]  # from the middle of a sample
    assert heard == ["好好好"]
    stream.close()


async def test_a_slot_is_free_when_the_client_has_gone(hearing: Hearing, model: Counter) -> None:
    gone, stays = hearing.open(Wanted("ALAW", 8000)), hearing.open(Wanted("ALAW", 8000))
    assert len([h async for h in gone.feed(b"\xd5" * CHUNK)]) == 1
    with pytest.raises(TooManyStreams):
        hearing.open(Wanted("ALAW", 8000))
    gone.close()
    gone.close()
    await stays.finish()  # a step behind the one that forgets
    assert len(model.dropped) == 1
    for stream in [hearing.open(Wanted("ALAW", 8000)) for _ in range(2)]:
        stream.close()


async def test_a_long_message_is_made_ready_a_piece_at_a_time(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, plain = [], audio.decode

    def decode(data: bytes, encoding: str) -> Any:
        sizes.append(len(data))
        return plain(data, encoding)

    monkeypatch.setattr(audio, "decode", decode)
    stream = hearing.open(Wanted("LINEAR_PCM", 16000))
    heard = [h async for h in stream.feed(bytes(2 * 16000 * 5))]
    assert max(sizes) <= 1 << 14 and sum(sizes) == 160_000
    last = await stream.finish()
    assert last.end_s == pytest.approx(5.0)
    assert len(heard) == 31  # the rest of 5 s in chunks of 160 ms comes at the end


async def test_a_refusal_costs_no_words(hearing: Hearing, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[Any] = []
    monkeypatch.setattr(hearing._transcriber, "prepare", prepared.append)
    streams = [hearing.open(Wanted("ALAW", 8000)) for _ in range(2)]
    with pytest.raises(TooManyStreams):
        hearing.open(Wanted("ALAW", 8000))
    assert len(prepared) == 2

    def broken(phrases: Any) -> None:
        raise RuntimeError

    streams[0].close()
    monkeypatch.setattr(hearing._transcriber, "prepare", broken)
    with pytest.raises(RuntimeError):
        hearing.open(Wanted("ALAW", 8000))
    monkeypatch.setattr(hearing._transcriber, "prepare", prepared.append)
    hearing.open(Wanted("ALAW", 8000)).close()
    streams[1].close()


async def test_a_stream_that_is_too_long(hearing: Hearing) -> None:
    stream = hearing.open(Wanted("ALAW", 8000))
    with pytest.raises(BadRequest, match="longer than 10 s"):
        _ = [h async for h in stream.feed(b"\xd5" * 80_001)]
    stream.close()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (BadRequest("x"), Why.BAD_REQUEST),
        (TextError("x"), Why.BAD_REQUEST),
        (TextTooLong("x"), Why.TOO_LONG),
        (TooBusy("x"), Why.BUSY),
        (TooManyStreams("x"), Why.BUSY),
        (Stopping("x"), Why.STOPPING),
        (TimeoutError(), Why.SLOW),
        (RuntimeError("secret"), Why.BROKEN),
    ],
)
def test_every_failure_is_explained(error: Exception, why: Why) -> None:
    refusal = explain(error)
    assert refusal.why is why
    assert refusal.text and "secret" not in refusal.text
    assert (refusal.retry_after_s is not None) == (why is Why.BUSY)
