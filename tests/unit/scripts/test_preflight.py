"""What stops a start, and the one message that it gives. No port is opened here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scripts import layout, preflight
from scripts.layout import Layout
from scripts.preflight import CannotStart
from yingda.gateway.settings import GatewaySettings
from yingda.gateway.settings import SpeechSettings as SpeechAddress
from yingda.plumbing.settings import SettingsError
from yingda.speech.settings import SpeechSettings

PLAN = Layout(0, GatewaySettings(), SpeechSettings())


def test_a_missing_model_is_named_with_file_key_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(CannotStart) as refused:
        preflight.check_models(PLAN, tmp_path)
    model = PLAN.speech.recogniser.model
    assert f"settings/speech.yml: key 'recogniser.model': the file {model} is missing; restore it" in str(
        refused.value
    )


def test_models_are_not_needed_when_speech_is_elsewhere(tmp_path: Path) -> None:
    gateway = GatewaySettings(speech=SpeechAddress(address="riva.example:50051"))
    preflight.check_models(Layout(0, gateway, SpeechSettings()), tmp_path)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("models/speech/asr.nemo", True),
        ("/srv/asr.nemo", True),
        ("nvidia/nemotron-3.5-asr-streaming-0.6b", False),
        ("tts_zh_fastpitch_sfspeech", False),
    ],
)
def test_published_names_are_told_from_files(model: str, path: bool) -> None:
    assert preflight.is_path(model) is path


def test_a_story_with_an_unknown_intent_stops_the_start(tmp_path: Path) -> None:
    for name in ("config.yml", "endpoints.yml", "credentials.yml"):
        (tmp_path / name).write_text("")
    (tmp_path / "domain.yml").write_text("intents: [greet]")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.yml").write_text("stories:\n- story: s\n  steps:\n  - intent: great\n")
    with pytest.raises(CannotStart) as refused:
        preflight.check_assistant(tmp_path)
    assert str(refused.value) == (
        "data/a.yml:4: story \"s\", key intent: domain.yml does not know 'great' "
        "(did you mean 'greet'?); correct it here, or add it to intents in domain.yml"
    )


def test_a_port_in_use_tells_who_needs_it_and_where_to_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {5060: "Address already in use"}
    monkeypatch.setattr(preflight, "port_problem", lambda host, port, kind: problem.get(port))
    with pytest.raises(CannotStart) as refused:
        preflight.check_ports(PLAN)
    text = str(refused.value)
    assert text.startswith("port 5060/udp on 0.0.0.0, needed by SIP: Address already in use.")
    assert "settings/gateway.yml: sip.port" in text and "YINGDA_PORT_OFFSET" in text


def test_a_given_store_that_does_not_answer_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MONGO_URL", "mongodb://me:secret@db.example:27017/x")
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setattr(preflight.stores, "mongo_problem", lambda url: "connection refused")
    with pytest.raises(CannotStart) as refused:
        preflight.check_given_stores()
    assert str(refused.value).startswith(
        "MONGO_URL=mongodb://db.example:27017/x: connection refused. Start that server"
    )
    assert "secret" not in str(refused.value)


def test_an_offset_moves_every_port_and_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = Layout(100, GatewaySettings(), SpeechSettings())
    here, there = PLAN.ports(), moved.ports()
    assert [row[2] + 100 for row in here] == [row[2] for row in there]
    assert moved.folder != PLAN.folder and moved.logs != PLAN.logs
    assert moved.rtp_first > PLAN.gateway.media.port_last or moved.rtp_last < PLAN.gateway.media.port_first
    env = moved.environment("mongodb://m", "redis://r")
    assert env["YINGDA_GATEWAY__SIP__PORT"] == "5160"
    urls = yaml.safe_load(env["YINGDA_GATEWAY__DIALOGUE__URLS"])
    assert urls == [f"ws://127.0.0.1:{port}/webhooks/voice/ws" for port in (5105, 5106)]
    assert env["YINGDA_GATEWAY__SPEECH__ADDRESS"] == "127.0.0.1:50151"


def test_a_bad_offset_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINGDA_PORT_OFFSET", "-1")
    with pytest.raises(SettingsError, match="YINGDA_PORT_OFFSET: got '-1', expected an integer 0-20000"):
        layout.read()


def test_the_shipped_settings_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YINGDA_PORT_OFFSET", raising=False)
    assert layout.read().offset == 0
