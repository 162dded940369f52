"""The voice's vocoder: pitch as asked, the same audio twice, its file, and files that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from yingda.plumbing.settings import load
from yingda.speech.engines import model_files, source_filter
from yingda.speech.engines.model_files import ModelError
from yingda.speech.engines.source_filter import SourceFilter
from yingda.speech.settings import SpeechSettings

pytestmark = [pytest.mark.integration]
ROOT = Path(__file__).resolve().parents[3]


def small() -> SourceFilter:
    torch.manual_seed(0)
    return SourceFilter(width=16, blocks=1).eval()


def test_a_frame_becomes_a_hop_of_audio_the_same_each_time() -> None:
    model, mel = small(), torch.zeros(2, 80, 30)
    with torch.inference_mode():
        once, again = model(mel), model(mel)
    assert once.shape == (2, 3000)
    assert torch.equal(once, again)


@pytest.mark.parametrize("hz", [110.0, 220.0, 330.0])
def test_the_source_has_the_pitch_that_it_is_told(hz: float) -> None:
    told = torch.full((1, 8000), hz)
    source = source_filter.pulses(told, torch.ones_like(told), 8000, 3900.0)[0]
    power = torch.fft.rfft(source).abs() ** 2  # a bin a hertz
    assert power[:: int(hz)].sum() > 0.95 * power.sum()


def test_pitch_is_read_as_the_mean_around_the_likeliest_bin() -> None:
    model = small()
    logits = torch.full((1, source_filter.BINS + 1, 1), -20.0)
    logits[0, 40] = logits[0, 41] = 5.0
    hz, voiced = model.pitch_of(logits)
    low, high = torch.exp(model.centres[40]), torch.exp(model.centres[41])
    assert low < hz[0, 0] < high and voiced[0, 0] == 0.0


def test_its_file_brings_the_same_voice_back(tmp_path: Path) -> None:
    path, model = tmp_path / "v.pt", small()
    torch.save(source_filter.packed(model), path)
    mel = torch.randn(1, 80, 20)
    with torch.inference_mode():
        assert torch.allclose(source_filter.load(path)(mel), model(mel), atol=2e-2)


def test_a_file_that_is_no_vocoder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "v.pt"
    path.write_bytes(b"no model")
    with pytest.raises(RuntimeError, match=r"v\.pt: is no vocoder of ours"):
        source_filter.load(path)
    voice = replace(load(ROOT / "settings/speech.yml", SpeechSettings).voice, vocoder=str(path))
    with pytest.raises(ModelError, match=r"'voice\.vocoder': .*v\.pt: is no vocoder"):
        model_files.check_voice(voice, "speech.yml")
