"""NVIDIA's own client, unchanged, against our server with real (tiny, random) NeMo models."""

from __future__ import annotations

import io
import re
import threading
import time
import urllib.request
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import riva.client
from riva.client.proto import riva_asr_pb2, riva_tts_pb2

from yingda.speech import audio

pytestmark = pytest.mark.integration
ALAW, LINEAR, MULAW = (riva.client.AudioEncoding.Value(n) for n in ("ALAW", "LINEAR_PCM", "MULAW"))


@pytest.fixture(name="asr", scope="module")
def make_asr(server) -> riva.client.ASRService:
    return riva.client.ASRService(riva.client.Auth(uri=server.grpc))


@pytest.fixture(name="tts", scope="module")
def make_tts(server) -> riva.client.SpeechSynthesisService:
    return riva.client.SpeechSynthesisService(riva.client.Auth(uri=server.grpc))


def noise(seconds: float, seed: int = 0, rate: int = 8000) -> np.ndarray:
    """Syllable-like bursts of noise, int16."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * f * time_s * (1 + 0.1 * seed)) for f in (200, 700, 1900))
    shape = np.abs(np.sin(2 * np.pi * 2 * time_s))
    return ((0.2 * tone + 0.1 * rng.standard_normal(len(time_s))) * shape * 8000).astype(np.int16)


def config(
    encoding: int = ALAW, rate: int = 8000, interim: bool = True
) -> riva.client.StreamingRecognitionConfig:
    inner = riva.client.RecognitionConfig(
        encoding=encoding,
        sample_rate_hertz=rate,
        language_code="zh-CN",
        max_alternatives=1,
        audio_channel_count=1,
    )
    return riva.client.StreamingRecognitionConfig(config=inner, interim_results=interim)


def frames(data: bytes, size: int = 160) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def metric(server, name: str) -> float:
    text = urllib.request.urlopen(server.http + "/metrics").read().decode()
    return float(next(x.split()[-1] for x in text.splitlines() if x.split("{")[0].split(" ")[0] == name))


@pytest.mark.requirement(1)
@pytest.mark.requirement(7)
def test_partials_come_during_speech_and_one_final_at_its_end(asr: riva.client.ASRService, server) -> None:
    sent: list[float] = []

    def microphone() -> Iterator[bytes]:
        for frame in frames(audio.encode(noise(1.6), "ALAW"), 320):
            sent.append(time.monotonic())
            yield frame
            time.sleep(0.04)

    first_partial_at, finals = None, []
    for response in asr.streaming_response_generator(audio_chunks=microphone(), streaming_config=config()):
        result = response.results[0]
        if result.is_final:
            finals.append(result)
        elif first_partial_at is None:
            first_partial_at = time.monotonic()
    assert first_partial_at is not None and first_partial_at < sent[-1], "no partial while audio came in"
    assert len(finals) == 1
    assert finals[0].alternatives[0].transcript
    assert 0.0 <= finals[0].alternatives[0].confidence <= 1.0
    assert metric(server, "speech_first_partial_seconds_count") >= 1


@pytest.mark.requirement(10)
def test_every_encoding_and_rate_is_heard_alike(asr: riva.client.ASRService) -> None:
    pcm = audio.decode(audio.encode(noise(1.0), "ALAW"), "ALAW")
    wide = audio.to_int16(audio.resample(audio.to_float(pcm), 8000, 16000))
    heard = {}
    for name, encoding, data, rate in (
        ("ALAW", ALAW, audio.encode(pcm, "ALAW"), 8000),
        ("LINEAR_PCM", LINEAR, audio.encode(pcm, "LINEAR_PCM"), 8000),
        ("MULAW", MULAW, audio.encode(pcm, "MULAW"), 8000),
        ("16 kHz", LINEAR, audio.encode(wide, "LINEAR_PCM"), 16000),
    ):
        chunks = frames(data, 321)  # odd: no multiple of a sample
        *_, last = asr.streaming_response_generator(
            audio_chunks=chunks, streaming_config=config(encoding, rate)
        )
        heard[name] = last.results[0].alternatives[0].transcript
        assert last.results[0].is_final
    assert heard["ALAW"] and heard["ALAW"] == heard["LINEAR_PCM"]


def test_a_final_brings_as_many_distinct_texts_as_were_asked_for(asr: riva.client.ASRService) -> None:
    wanted = config(interim=False)
    wanted.config.max_alternatives = 4
    chunks = frames(audio.encode(noise(1.0), "ALAW"))
    *_, last = asr.streaming_response_generator(audio_chunks=chunks, streaming_config=wanted)
    texts = [a.transcript for a in last.results[0].alternatives]
    shares = [a.confidence for a in last.results[0].alternatives]
    assert len(set(texts)) == len(texts) == 4
    assert shares == sorted(shares, reverse=True) and sum(shares) <= 1.0 + 1e-6


def test_recordings_are_recognised_offline(asr: riva.client.ASRService) -> None:
    pcm = noise(1.0)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(pcm.tobytes())
    wanted = riva.client.RecognitionConfig(language_code="zh-CN", max_alternatives=1)
    bare = riva.client.RecognitionConfig(encoding=LINEAR, sample_rate_hertz=8000, language_code="zh-CN")
    from_file = asr.offline_recognize(file.getvalue(), wanted).results[0].alternatives[0].transcript
    from_samples = asr.offline_recognize(pcm.tobytes(), bare).results[0].alternatives[0].transcript
    assert from_file and from_file == from_samples


def test_eight_streams_share_steps_and_hear_what_they_hear_alone(asr: riva.client.ASRService, server) -> None:
    def hear(seed: int) -> str:
        chunks = frames(audio.encode(noise(1.6, seed), "ALAW"))
        *_, last = asr.streaming_response_generator(
            audio_chunks=chunks, streaming_config=config(interim=False)
        )
        return str(last.results[0].alternatives[0].transcript)

    alone = [hear(seed) for seed in range(8)]
    steps, streams = metric(server, "speech_step_streams_count"), metric(server, "speech_step_streams_sum")
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(hear, range(8)))
    steps, streams = (
        metric(server, "speech_step_streams_count") - steps,
        metric(server, "speech_step_streams_sum") - streams,
    )
    assert together == alone
    assert streams / steps > 2, f"{streams} chunks took {steps} steps"


def test_a_caller_who_hangs_up_frees_the_slot(asr: riva.client.ASRService, server) -> None:
    for _ in range(12):  # more than there are slots
        hung_up = threading.Event()

        def talk(until: threading.Event = hung_up) -> Iterator[riva_asr_pb2.StreamingRecognizeRequest]:
            yield riva_asr_pb2.StreamingRecognizeRequest(streaming_config=config())
            for frame in frames(audio.encode(noise(0.8), "ALAW"), 1280):
                yield riva_asr_pb2.StreamingRecognizeRequest(audio_content=frame)
            until.wait(30)

        call = asr.stub.StreamingRecognize(talk())
        next(iter(call))
        call.cancel()
        hung_up.set()
    deadline = time.monotonic() + 10
    while metric(server, "speech_streams") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert metric(server, "speech_streams") == 0
    *_, last = asr.streaming_response_generator(audio_chunks=[b"\xd5" * 1600], streaming_config=config())
    assert last.results[0].is_final


def test_one_stream_too_many_is_refused(asr: riva.client.ASRService) -> None:
    ended = threading.Event()

    def wait() -> Iterator[riva_asr_pb2.StreamingRecognizeRequest]:
        yield riva_asr_pb2.StreamingRecognizeRequest(streaming_config=config())
        yield riva_asr_pb2.StreamingRecognizeRequest(audio_content=audio.encode(noise(0.8), "ALAW"))
        ended.wait(30)

    calls = [asr.stub.StreamingRecognize(wait()) for _ in range(10)]
    for call in calls:
        next(iter(call))
    with pytest.raises(grpc.RpcError) as refused:
        list(asr.streaming_response_generator(audio_chunks=[b"\xd5" * 160], streaming_config=config()))
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    ended.set()
    for call in calls:
        list(call)


@pytest.mark.requirement(89)
def test_metrics_name_the_versions_of_the_models(server) -> None:
    text = urllib.request.urlopen(server.http + "/metrics").read().decode()
    for name, model in (("speech_streams", "asr-tiny"), ("speech_prompt_clauses", "tts-tiny")):
        assert re.search(rf'^{name}{{model="{model}@[0-9a-f]{{12}}"}} ', text, re.MULTILINE)


@pytest.mark.parametrize(
    ("encoding", "rate", "said"),
    [("FLAC", 8000, "encoding FLAC is not served"), ("LINEAR_PCM", 4000, "sample rate 4000 Hz")],
)
def test_what_is_not_served_is_said(asr: riva.client.ASRService, encoding: str, rate: int, said: str) -> None:
    wanted = config(riva.client.AudioEncoding.Value(encoding), rate)
    with pytest.raises(grpc.RpcError) as refused:
        list(asr.streaming_response_generator(audio_chunks=[b"\0" * 320], streaming_config=wanted))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert said in refused.value.details()


def test_clauses_are_streamed(tts: riva.client.SpeechSynthesisService) -> None:
    text = "您好，您的余额是128.50元。请问还有什么可以帮您？"
    parts = list(tts.synthesize_online(text, language_code="zh-CN", sample_rate_hz=8000, encoding=LINEAR))
    assert [p.meta.processed_text for p in parts] == [
        "您好，",
        "您的余额是一百二十八元五角。",
        "请问还有什么可以帮您？",
    ]
    assert all(len(p.audio) > 2000 for p in parts)
    several = list(tts.synthesize_online(["好的。", "请稍等。"], language_code="zh-CN", sample_rate_hz=8000))
    assert len(several) == 2
    whole = tts.synthesize(text, language_code="zh-CN", sample_rate_hz=8000, encoding=ALAW)
    assert len(whole.audio) == sum(len(p.audio) for p in parts) // 2


def test_one_request_without_a_stream_is_served_too(server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_stream(
            "/nvidia.riva.tts.RivaSpeechSynthesis/SynthesizeOnline",
            request_serializer=riva_tts_pb2.SynthesizeSpeechRequest.SerializeToString,
            response_deserializer=riva_tts_pb2.SynthesizeSpeechResponse.FromString,
        )
        request = riva_tts_pb2.SynthesizeSpeechRequest(
            text="好的。", language_code="zh-CN", sample_rate_hz=8000, encoding=LINEAR
        )
        assert len(list(call(request))) == 1


@pytest.mark.requirement(20)
def test_a_preloaded_prompt_costs_no_synthesis(tts: riva.client.SpeechSynthesisService, server) -> None:
    give_up_at = time.monotonic() + 60  # prompts are made after the server is ready
    while metric(server, "speech_prompt_clauses") < 2:  # one in each voice
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    before = metric(server, "speech_clause_seconds_count")
    parts = list(tts.synthesize_online("感谢您的来电，再见。", language_code="zh-CN", sample_rate_hz=8000))
    assert len(parts[0].audio) > 8000
    assert metric(server, "speech_clause_seconds_count") == before


def test_bad_synthesis_requests_are_refused(tts: riva.client.SpeechSynthesisService) -> None:
    for text, more, said in (
        (" ", {}, "text is empty"),
        ("好" * 3000, {}, "3000 characters"),
        ("好", {"voice_name": "nobody"}, "voice 'nobody' is unknown, expected one of female_1, slow_1"),
        ('<speak><voice name="x">好</voice></speak>', {}, "voice 'x' is unknown, expected one of female_1"),
        ("<speak>好", {}, "SSML is not well-formed"),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            tts.synthesize(text, language_code="zh-CN", sample_rate_hz=8000, **more)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert said in refused.value.details()


def test_models_are_described(asr: riva.client.ASRService, tts: riva.client.SpeechSynthesisService) -> None:
    heard = asr.stub.GetRivaSpeechRecognitionConfig(riva_asr_pb2.RivaSpeechRecognitionConfigRequest())
    assert heard.model_config[0].parameters["sample_rate"] == "8000"
    assert heard.model_config[0].parameters["decoder_type"] == "ctc"
    voice = tts.stub.GetRivaSynthesisConfig(riva_tts_pb2.RivaSynthesisConfigRequest())
    assert [c.parameters["voice_name"] for c in voice.model_config] == ["female_1", "slow_1"]
    versions = {c.parameters["model_version"] for c in voice.model_config}
    assert len(versions) == 2 and all(len(version) == 16 for version in versions)


@pytest.mark.requirement(18)
def test_a_voice_is_chosen_by_its_name(tts: riva.client.SpeechSynthesisService) -> None:
    text = "您的余额是一百二十八元。"
    length = {
        name: len(tts.synthesize(text, name, "zh-CN", sample_rate_hz=8000).audio)
        for name in ("", "female_1", "slow_1")
    }
    assert length[""] == length["female_1"]
    assert length["slow_1"] > 1.5 * length["female_1"]


def test_the_log_is_quiet_and_holds_no_words(server) -> None:
    text = Path(server.log).read_text(encoding="utf-8")
    assert "余额" not in text
    assert all(" speech " in line for line in text.splitlines()), text
