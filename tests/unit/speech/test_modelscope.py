"""ModelScope's family with a child process that answers as the real one does, without its packages."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from yingda.speech.engines import families, modelscope_link
from yingda.speech.engines.modelscope_asr import ParaformerRecogniser, wav2text
from yingda.speech.engines.modelscope_tts import SambertVoice, text2wav
from yingda.speech.engines.modelscope_worker import RATE_HZ, Answer, missing_packages
from yingda.speech.hearing.recogniser import StepRequest, StepResult, StreamOptions
from yingda.speech.settings import OneVoice, Recogniser, Voice
from yingda.speech.voice.model import GaveWay, Prosody

CHUNK_S = 0.5
ASR, TTS = "damo/speech_paraformer", "damo/speech_sambert"


class Ears:
    """Hears a character for each half second."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def ask(self, fields: dict[str, object], data: bytes = b"") -> Answer:
        lengths = [int(n) for n in fields["lengths"]]  # type: ignore[attr-defined]
        assert sum(lengths) * 4 == len(data)
        self.asked.append(lengths)
        return {"texts": [" ".join("我想查一下余额"[: n * 2 // RATE_HZ]) for n in lengths]}, b""


class Mouth:
    """Says a tone, higher for the second voice."""

    about: dict[str, object] = {"sample_rate": 16000, "voices": ["zhitian_emo", "zhiyan_emo"]}

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []

    def ask(self, fields: dict[str, object], data: bytes = b"") -> Answer:
        self.asked.append(fields)
        hz = 200 if fields["voice"] == "zhitian_emo" else 300
        tone = np.sin(2 * np.pi * hz * np.arange(16000) / 16000).astype(np.float32) * 0.3
        return {"sample_rate": 16000}, tone.tobytes()


def recogniser(ears: Ears) -> ParaformerRecogniser:
    return ParaformerRecogniser(Recogniser(model=ASR, chunk_ms=480), ears)


def feed(model: ParaformerRecogniser, stream: int, seconds: float, *, last: bool = True) -> list[StepResult]:
    size = round(CHUNK_S * RATE_HZ)
    steps = round(seconds / CHUNK_S)
    chunk = np.zeros(size, np.float32)
    return [
        model.step([StepRequest(stream, chunk, n == 0, last and n == steps - 1, StreamOptions())])[0]
        for n in range(steps)
    ]


@pytest.mark.requirement(14)
def test_an_utterance_is_recognised_when_it_ends_and_in_between_for_partials() -> None:
    ears = Ears()
    heard = feed(recogniser(ears), 1, 3.0)
    assert [r.final for r in heard] == ["", "", "", "", "", "我 想 查 一 下 余"]
    assert [r.partial for r in heard] == ["", "", "", "我 想 查 一", "我 想 查 一", ""]
    assert ears.asked == [[32000], [48000]], "the model is asked every 2 s and at the end"


def test_streams_that_are_due_together_are_asked_about_together() -> None:
    ears = Ears()
    model, chunk = recogniser(ears), np.zeros(RATE_HZ, np.float32)
    both = [StepRequest(n, chunk, True, True, StreamOptions()) for n in (1, 2)]
    assert [r.final for r in model.step(both)] == ["我 想", "我 想"]
    assert ears.asked == [[RATE_HZ, RATE_HZ]]


def test_a_long_utterance_is_cut_and_a_new_one_begins() -> None:
    finals = [r.final for r in feed(recogniser(Ears()), 1, 35.0, last=False) if r.final]
    assert len(finals) == 1


def test_who_hangs_up_is_forgotten_and_too_short_audio_is_not_asked_about() -> None:
    ears = Ears()
    model = recogniser(ears)
    feed(model, 1, 1.0, last=False)
    model.drop([1, 99])
    short = StepRequest(1, np.zeros(100, np.float32), True, True, StreamOptions())
    assert model.step([short]) == [StepResult()]
    assert ears.asked == []


@pytest.mark.requirement(14)
def test_wav2text_reads_a_recording_of_any_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000 * 4 * 2))
    assert wav2text(path, link=Ears()) == "我想查一"


@pytest.mark.requirement(23)
def test_a_voice_of_the_settings_speaks_as_the_models_voice_of_that_name_or_number() -> None:
    mouth = Mouth()
    voices = [OneVoice("female_1", 1), OneVoice("zhitian_emo", 0)]
    model = SambertVoice(Voice(acoustic_model=TTS, voices=voices), mouth)
    assert model.sample_rate == 16000
    spoken = model.speak("您好。", Prosody("female_1", 1))
    assert spoken.dtype == np.float32 and 0.9 < len(spoken) / 16000 <= 1.3
    model.speak("您好。", Prosody("zhitian_emo", 0))
    assert [asked["voice"] for asked in mouth.asked] == ["zhiyan_emo", "zhitian_emo"]
    faster = model.speak("您好。", Prosody("female_1", 1, pace=2.0))
    assert len(faster) == pytest.approx(len(spoken) / 2, rel=0.1)
    assert len(model.speak("，。", Prosody("female_1", 1))) == 0
    with pytest.raises(GaveWay):
        model.speak("您好。", Prosody("female_1", 1), lambda: True)


def test_a_voice_that_the_model_lacks_stops_the_start() -> None:
    with pytest.raises(RuntimeError, match="c has speaker 2"):
        SambertVoice(Voice(acoustic_model=TTS, voices=[OneVoice("c", 2)]), Mouth())


@pytest.mark.requirement(23)
def test_text2wav_writes_16_khz_and_reads_amounts_aloud(tmp_path: Path) -> None:
    mouth, out = Mouth(), tmp_path / "out.wav"
    assert text2wav("您的余额是128元。", out, link=mouth) == 1.0
    with wave.open(str(out), "rb") as file:
        assert (file.getframerate(), file.getnframes(), file.getsampwidth()) == (16000, 16000, 2)
    assert mouth.asked[0]["text"] == "您的余额是一百二十八元。"


def test_without_the_environment_the_start_says_how_to_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(modelscope_link.PYTHON_VARIABLE, raising=False)
    monkeypatch.setattr(modelscope_link, "ROOT", tmp_path)
    for make in (
        lambda: families.make_recogniser(Recogniser(model=ASR), 1),
        lambda: families.make_voice(Voice(acoustic_model=TTS)),
    ):
        with pytest.raises(RuntimeError, match=r"needs the modelscope environment.*make modelscope-env"):
            make()


def test_sambert_says_which_packages_pypi_has_not() -> None:
    said = missing_packages()
    if sys.version_info >= (3, 11):
        assert "Python 3.10 at most" in said and "make modelscope-env SAMBERT=1" in said
    else:
        assert "kantts" in said and "--no-index" in said
