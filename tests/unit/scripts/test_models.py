"""make models: nothing is downloaded unasked, and what cannot be had is said."""

from __future__ import annotations

import pytest

from scripts import models
from yingda.speech.engines import published
from yingda.speech.engines.published import KNOWN, Published


@pytest.fixture(name="fetched", autouse=True)
def make_fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with nothing in its caches, and hubs that answer."""
    monkeypatch.setattr(published, "is_cached", lambda name: False)
    monkeypatch.setattr(published, "probe", lambda hub, timeout_s=0.0: None)
    return []


def run(name: str, answer: str, fetched: list[str]) -> int:
    def get(model: Published) -> None:
        fetched.append(model.short)

    return models.fetch(
        name, lambda _: answer, get, lambda loaded: fetched.append("tried " + loaded[0].short)
    )


def test_every_known_model_is_listed_with_licence_and_hardware() -> None:
    text = models.table()
    for model in KNOWN:
        assert model.name in text and model.licence in text and model.hardware in text


def test_what_is_accepted_is_downloaded_tried_and_its_settings_shown(
    fetched: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("nemotron", "y", fetched) == 0
    assert fetched == ["nemotron", "tried nemotron"]
    said = capsys.readouterr().out
    assert "OpenMDW-1.1" in said and "about 2.4 GB" in said
    assert "model: nvidia/nemotron-3.5-asr-streaming-0.6b" in said
    assert said.index("OpenMDW-1.1") < said.index("downloading")


@pytest.mark.parametrize("answer", ["", "n", "what"])
def test_without_a_yes_nothing_is_downloaded(fetched: list[str], answer: str) -> None:
    assert run("nemotron", answer, fetched) == 1
    assert fetched == []


def test_a_voice_comes_with_its_vocoder(fetched: list[str]) -> None:
    assert run("fastpitch", "y", fetched) == 0
    assert fetched == ["fastpitch", "hifigan", "tried fastpitch"]


def test_what_is_here_is_not_downloaded_again(fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "is_cached", lambda name: True)
    assert run("magpie", "never asked", fetched) == 0
    assert fetched == ["tried magpie"]


def test_a_hub_that_does_not_answer_is_said(
    fetched: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(published, "probe", lambda hub, timeout_s=0.0: "no route to host")
    assert run("nemotron", "y", fetched) == 2
    said = capsys.readouterr().err
    for part in ("huggingface.co", "no route to host", "HF_ENDPOINT", "HTTPS_PROXY", ".nemo file"):
        assert part in said
    assert fetched == []


def test_a_slip_of_the_pen_is_understood(fetched: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nemotrn", "y", fetched) == 2
    assert "did you mean nvidia/nemotron-3.5-asr-streaming-0.6b?" in capsys.readouterr().err


def test_a_model_that_does_not_load_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("the archive is cut short")

    assert models.fetch("codec", lambda _: "y", lambda _: None, broken) == 2
    assert "the archive is cut short" in capsys.readouterr().err


def test_settings_lines_are_settings() -> None:
    """Those that `make models` prints must be readable as settings/speech.yml."""
    import yaml

    from yingda.speech.settings import SpeechSettings

    known = {
        field: set(type(getattr(SpeechSettings(), field)).__dataclass_fields__)
        for field in ("recogniser", "voice")
    }
    for model in KNOWN:
        for section, keys in yaml.safe_load(model.settings).items():
            assert set(keys) <= known[section], model.short
