"""Which hotwords a stream is heard with, and in which form its text comes; the model says syllables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from riva.client.proto import riva_asr_pb2 as pb

from yingda.speech import transcribe
from yingda.speech.api.riva_asr import RivaRecognition
from yingda.speech.api.websocket_asr import parse_first
from yingda.speech.engines.model_files import ModelError
from yingda.speech.hearing.recogniser import Recogniser, StepRequest, StepResult, StreamOptions
from yingda.speech.hearing.streams import Hearing, Stream, Wanted
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.words.boosts import Phrase
from yingda.speech.words.hotword_file import Hotwords
from yingda.speech.words.lexicon import Lexicon
from yingda.speech.words.syllables import Boosts, Decoder
from yingda.speech.words.transcript import Transcriber

CHUNK = 1280


class Speaker:
    """Hears the same in every chunk: yu2 e2, and then a number."""

    name, sample_rate, chunk_samples, kind, syllables = "speaker", 8000, CHUNK, "ctc", True
    languages: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.options: list[StreamOptions] = []

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        self.options += [request.options for request in requests]
        said = "yu2 e2 yi1 bai3 er4 shi2 kuai4 wu3"
        return [StepResult(final=said if r.last else "", partial=said) for r in requests]

    def drop(self, streams: Sequence[int]) -> None:
        pass


class CountingDecoder(Decoder):
    """How often boosts were made ready."""

    prepared: list[tuple[Phrase, ...]]

    def prepare(self, phrases: Sequence[Phrase]) -> Boosts:  # type: ignore[override]
        self.prepared.append(tuple(phrases))
        return super().prepare(phrases)


@pytest.fixture(name="decoder")
def make_decoder() -> CountingDecoder:
    lexicon = Lexicon(words=["<s>", "</s>"], logs=[0.0, 0.0])
    for word, reading in (
        ("鱼鹅", "yu2 e2"), ("余", "yu2"), ("额", "e2"), ("一", "yi1"), ("百", "bai3"), ("二", "er4"),
        ("十", "shi2"),
        ("块", "kuai4"), ("五", "wu3"),
    ):  # fmt: skip
        lexicon.add_word(word, -6.0, [reading])
    decoder = CountingDecoder(lexicon)
    decoder.prepared = []
    return decoder


@pytest.fixture(name="model")
def make_model() -> Speaker:
    return Speaker()


@pytest.fixture(name="hearing")
def make_hearing(tmp_path: Path, decoder: CountingDecoder, model: Speaker) -> Iterator[Hearing]:
    (tmp_path / "hotwords.yml").write_text("业务: [余额: 12]", encoding="utf-8")
    transcriber = Transcriber(decoder)
    recogniser = Recogniser(lambda: model, 8, 8, 0.0, Metrics())
    recogniser.begin().result(10)
    hotwords = Hotwords(tmp_path / "hotwords.yml", transcriber.sounds)
    yield Hearing(recogniser, model, transcriber, Settings(), Metrics(), hotwords)
    recogniser.stop()


def wanted(boosts: tuple[tuple[str, float], ...] = (), written: bool = False) -> Wanted:
    return Wanted("ALAW", 8000, StreamOptions(boosts=boosts), written=written)


async def heard(stream: Stream) -> str:
    _ = [h async for h in stream.feed(b"\xd5" * 100)]
    return (await stream.finish()).text


@pytest.mark.requirement(13)
async def test_the_files_words_are_favoured_in_every_stream(hearing: Hearing, model: Speaker) -> None:
    assert (await heard(hearing.open(wanted()))).startswith("余额")
    assert model.options[-1].boosts == (("余额", 12.0),)


async def test_the_requests_own_weight_wins(hearing: Hearing, model: Speaker) -> None:
    assert (await heard(hearing.open(wanted((("余额", 0.0),))))).startswith("鱼鹅")
    assert model.options[-1].boosts == (("余额", 0.0),)


async def test_the_same_words_are_made_ready_once(hearing: Hearing, decoder: CountingDecoder) -> None:
    for boosts in ((), (), (("一百", 8.0),), (("一百", 8.0),), ()):
        hearing.open(wanted(boosts)).close()
    assert decoder.prepared == [(("余额", 12.0),), (("余额", 12.0), ("一百", 8.0))]


async def test_numbers_are_written_when_that_is_wanted(hearing: Hearing) -> None:
    assert await heard(hearing.open(wanted())) == "余额一百二十块五"
    stream = hearing.open(wanted(written=True))
    partials = [h.text async for h in stream.feed(b"\xd5" * CHUNK)]
    assert [*partials, (await stream.finish()).text] == ["余额120.5元", "余额120.5元"]


@pytest.mark.parametrize(("verbatim", "written"), [(None, True), (False, True), (True, False)])
def test_riva_clients_get_written_form_unless_they_want_it_verbatim(
    hearing: Hearing, verbatim: bool | None, written: bool
) -> None:
    config = pb.RecognitionConfig(encoding=1, sample_rate_hertz=8000)
    if verbatim is not None:
        config.verbatim_transcripts = verbatim
    stream = RivaRecognition(hearing, Metrics())._open(config, False)
    assert stream._wanted.written is written
    stream.close()


def test_websocket_clients_get_spoken_form_unless_they_want_it_written() -> None:
    first = '{"sample_rate_hz": 8000, "encoding": "alaw"%s}'
    assert parse_first(first % "")[0].written is False
    assert parse_first(first % ', "written": true')[0].written is True


def test_make_transcribe_uses_the_file_and_names_its_mistakes(
    tmp_path: Path, decoder: CountingDecoder
) -> None:
    path = tmp_path / "hotwords.yml"
    path.write_text("业务: [余额]", encoding="utf-8")
    settings = Settings(hotwords_file=str(path))
    transcriber = Transcriber(decoder)
    assert transcribe.read_hotwords(settings, "speech.yml", transcriber) == (("余额", 8.0),)
    path.write_text("业务: [余额: 99]", encoding="utf-8")
    with pytest.raises(
        ModelError, match=r"speech\.yml: key 'recogniser\.hotwords_file': .*hotwords\.yml:1: "
    ):
        transcribe.read_hotwords(settings, "speech.yml", transcriber)
    assert transcribe.read_hotwords(Settings(), "speech.yml", transcriber) == ()
