"""Published names: slips of the pen, caches, and hubs that do not answer in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from yingda.speech.engines import model_files, published
from yingda.speech.engines.model_files import ModelError
from yingda.speech.settings import Recogniser, Voice

pytestmark = pytest.mark.integration
NEMOTRON = "nvidia/nemotron-3.5-asr-streaming-0.6b"


@pytest.fixture(name="empty", autouse=True)
def make_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing was downloaded."""
    for variable in ("HF_HOME", "NEMO_CACHE_DIR", "MODELSCOPE_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in (
        "HF_HUB_CACHE",
        "HF_HUB_OFFLINE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "https_proxy",
        "http_proxy",
    ):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture(name="hub")
def make_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """Answers every request with `status`."""

    class Answer(BaseHTTPRequestHandler):
        status = 200

        def do_HEAD(self) -> None:
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        (NEMOTRON, "huggingface"),
        ("stt_zh_conformer_transducer_large", "ngc"),
        ("damo/speech_paraformer", "modelscope"),
        ("iic/speech_paraformer", "modelscope"),
    ],
)
def test_a_name_says_which_hub_has_it(name: str, hub: str) -> None:
    assert published.hub_of(name) == hub


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nvidia/nemotron-3.5-asr-streaming-0.6B", NEMOTRON),
        ("nemotron-3.5-asr-streaming-0.6b", NEMOTRON),
        ("nvidia/nemotron-3.5-asr-streaming-06b", NEMOTRON),
        ("tts_zh_fastpitch_sfspeach", "tts_zh_fastpitch_sfspeech"),
    ],
)
def test_slips_of_the_pen_stop_the_start_with_what_was_meant(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "probe", lambda hub, timeout_s=0.0: "no route to host")
    with pytest.raises(ModelError) as refused:
        model_files.check_recogniser(Recogniser(model=name), "speech.yml")
    for part in ("speech.yml", "'recogniser.model'", name, f"did you mean {meant}"):
        assert part in str(refused.value)


def test_a_name_that_the_hub_does_not_know_is_said(hub: HTTPServer) -> None:
    hub.RequestHandlerClass.status = 404  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=rf"has no such model.*did you mean {NEMOTRON}\?"):
        model_files.check_recogniser(Recogniser(model=NEMOTRON + "x"), "speech.yml")


def test_a_name_of_ones_own_that_the_hub_knows_is_let_through(hub: HTTPServer) -> None:
    model_files.check_recogniser(Recogniser(model="nvidia/nemotron-3.6-asr-streaming-0.6b"), "speech.yml")
    assert published.suggestions("ourcompany/our-own-recogniser") == []


def test_a_hub_that_is_not_there_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(ModelError) as refused:
        model_files.check_recogniser(Recogniser(model=NEMOTRON), "speech.yml")
    for part in ("is not on this machine", f"127.0.0.1:{port}", "make models NAME=nemotron", "HF_ENDPOINT"):
        assert part in str(refused.value)


def test_a_hub_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(published.Unreachable, match="does not answer"):
            published.check_reachable(NEMOTRON, timeout_s=0.2)
        assert time.monotonic() - began < 3.0


def test_a_proxy_that_lets_nothing_through_is_no_hub(hub: HTTPServer) -> None:
    handler = hub.RequestHandlerClass
    handler.status = 502  # type: ignore[attr-defined]
    assert published.probe("huggingface") == "HTTP 502"
    handler.status = 404  # type: ignore[attr-defined]
    assert published.probe("huggingface") is None


def test_what_was_downloaded_before_asks_nobody(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    place = empty / "HF_HOME/hub" / f"models--{NEMOTRON.replace('/', '--')}" / "snapshots/abc"
    place.mkdir(parents=True)
    assert not published.is_cached(NEMOTRON)
    (place / "nemotron-3.5-asr-streaming-0.6b.nemo").touch()
    assert published.is_cached(NEMOTRON)
    model_files.check_recogniser(Recogniser(model=NEMOTRON), "speech.yml")


def test_ngc_and_modelscope_caches_are_known(empty: Path) -> None:
    voice, second = "tts_zh_fastpitch_sfspeech", "damo/speech_sambert-hifigan_tts_zh-cn_16k"
    assert not published.is_cached(voice) and not published.is_cached(second)
    file = empty / "NEMO_CACHE_DIR/NeMo_3.0.0" / voice / "0123" / f"{voice}.nemo"
    file.parent.mkdir(parents=True)
    file.touch()
    (empty / "MODELSCOPE_CACHE/hub/models" / second).mkdir(parents=True)
    assert published.is_cached(voice) and published.is_cached(second)


def test_every_model_of_a_voice_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "probe", lambda hub, timeout_s=0.0: "no route to host")
    voice = Voice(acoustic_model="models/speech/tts-zh-8k.nemo", vocoder="tts_zh_hifigan_sfspeach")
    with pytest.raises(ModelError, match=r"voice\.vocoder.*did you mean tts_zh_hifigan_sfspeech"):
        model_files.check_voice(voice, "speech.yml")
    model_files.check_voice(replace(voice, vocoder=None), "speech.yml")


def test_the_class_of_a_file_is_read_from_it() -> None:
    assert model_files.target("models/speech/tts-zh-8k.nemo").endswith("FastPitchModel")
    assert model_files.target("models/speech/none.nemo") == ""
    assert model_files.target(NEMOTRON) == ""
