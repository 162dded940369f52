"""settings/speech.yml and what is said when it is wrong."""

import tarfile
from pathlib import Path

import pytest

from yingda.plumbing.settings import SettingsError, load
from yingda.speech.engines import model_files, published
from yingda.speech.settings import Prompts, SpeechSettings

ROOT = Path(__file__).resolve().parents[3]


def test_the_shipped_file_loads() -> None:
    settings = load(ROOT / "settings/speech.yml", SpeechSettings, environ={})
    assert settings.recogniser.model.endswith(".nemo")
    assert settings.prompts.texts
    assert [voice.name for voice in settings.voice.voices] == ["female_1", "male_1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recogniser: {chunk_ms: 100}", "recogniser.chunk_ms: got 100, expected a multiple of 80"),
        ("recogniser: {modle: x}", "recogniser.modle"),
        ("voice: {device: tpu}", "voice.device"),
        ("voice: {speaker: 1}", "key 'voice.speaker' is unknown; remove it or use one of: "),
        ("voice: {voices: []}", "voice.voices: got an empty list, expected at least one voice"),
        ("voice: {voices: [{name: a}, {name: a}]}", "voice.voices: the name 'a' stands there twice"),
        ("voice: {voices: [{name: a b}]}", "key 'voice.voices[0].name': got 'a b', expected a text matching"),
        ("voice: {voices: [{name: a, pitch_semitones: 9}]}", "voices[0].pitch_semitones': got 9, expected"),
        ("server: {grpc_port: 99999}", "server.grpc_port"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "speech.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path, SpeechSettings, environ={})
    assert expected in str(caught.value)
    assert "speech.yml" in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        "[{name: crm, token: swordfish}]",
        "[{name: crm, token: 1234567890}]",
        "[swordfish]",
        "swordfish",
        "[{name: crm, token: swordfish",
    ],
)
def test_a_wrong_token_is_named_but_not_shown(tmp_path: Path, given: str) -> None:
    path = tmp_path / "speech.yml"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"(?i)http_tokens") as caught:
        load(path, SpeechSettings, environ={"YINGDA_SPEECH__SERVER__HTTP_TOKENS": given})
    assert "swordfish" not in str(caught.value) and "1234567890" not in str(caught.value)


def test_tokens_come_from_the_environment() -> None:
    environ = {"YINGDA_SPEECH__SERVER__HTTP_TOKENS": "[{name: crm, token: correct-horse-battery}]"}
    settings = load(ROOT / "settings/speech.yml", SpeechSettings, environ=environ)
    assert [t.name for t in settings.server.http_tokens] == ["crm"]
    assert "correct-horse" not in repr(settings)


def test_a_missing_model_names_file_key_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(model_files.ModelError) as caught:
        model_files.check("models/none.nemo", "recogniser.model", "settings/speech.yml", "do this")
    assert str(caught.value) == (
        "settings/speech.yml: key 'recogniser.model': models/none.nemo: there is no such file; do this"
    )
    broken = tmp_path / "broken.nemo"
    broken.write_bytes(b"not a tar")
    with pytest.raises(model_files.ModelError, match="is no NeMo archive"):
        model_files.check(str(broken), "recogniser.model", "settings/speech.yml", "do this")
    with tarfile.open(broken, "w") as archive:
        archive.add(__file__, arcname="something")
    with pytest.raises(model_files.ModelError, match="holds no model_config"):
        model_files.check(str(broken), "recogniser.model", "settings/speech.yml", "do this")


def test_published_names_are_left_to_nemo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "check_reachable", lambda name: None)
    model_files.check("nvidia/nemotron-3.5-asr-streaming-0.6b", "recogniser.model", "settings/speech.yml", "")
    with pytest.raises(model_files.ModelError, match="is empty"):
        model_files.check(" ", "recogniser.model", "settings/speech.yml", "")


def test_prompts_are_kept_in_voices_that_are_there() -> None:
    with pytest.raises(ValueError, match=r"prompts.voices: got 'x', expected one of female_1"):
        SpeechSettings(prompts=Prompts(voices=["x"]))
