"""What is shown on /metrics, and by which names it is counted."""

import pytest

from yingda.speech.engines import model_files
from yingda.speech.metrics import METRICS, Metrics, Versions


def lines(metrics: Metrics) -> list[str]:
    return [line for line in metrics.render().splitlines() if not line.startswith("#")]


@pytest.mark.requirement(89)
def test_what_models_do_carries_their_version() -> None:
    metrics = Metrics(Versions("asr-zh-8k@0a1b2c3d4e5f", "tts-zh-8k@f5e4d3c2b1a0"))
    metrics.gauge("speech_streams", 3)
    metrics.observe("speech_step_seconds", 0.03)
    metrics.observe("speech_step_seconds", 0.3)
    metrics.count("speech_clause_cache_hits_total")
    metrics.count("speech_admission_refused_total", label="load")
    metrics.count("speech_admission_refused_total", label="load")
    metrics.count("speech_refused_total", 2)
    shown = lines(metrics)
    asr = 'model="asr-zh-8k@0a1b2c3d4e5f"'
    assert f"speech_streams{{{asr}}} 3.0" in shown
    assert f'speech_step_seconds_bucket{{le="0.05",{asr}}} 1.0' in shown
    assert f"speech_step_seconds_count{{{asr}}} 2.0" in shown
    assert 'speech_clause_cache_hits_total{model="tts-zh-8k@f5e4d3c2b1a0"} 1.0' in shown
    assert f'speech_admission_refused_total{{{asr},reason="load"}} 2.0' in shown
    assert "speech_refused_total 2.0" in shown
    assert not any("_created" in line for line in shown)


def test_everything_is_shown_from_the_start_as_nothing() -> None:
    shown = lines(Metrics())
    for name, about in METRICS.items():
        if not about.label:
            suffix = "_count" if about.kind == "histogram" else ""
            found = [line for line in shown if line.split("{")[0].split(" ")[0] == name + suffix]
            assert len(found) == 1 and found[0].endswith(" 0.0"), name


def test_what_was_counted_can_be_asked() -> None:
    metrics = Metrics()
    metrics.observe("speech_final_confidence", 0.4)
    metrics.observe("speech_final_confidence", 0.8)
    metrics.count("speech_admission_refused_total", label="wait")
    metrics.gauge("speech_load", 0.5)
    assert metrics.value("speech_final_confidence") == pytest.approx(1.2)
    assert metrics.observations("speech_final_confidence") == 2
    assert metrics.value("speech_admission_refused_total", "wait") == 1
    assert metrics.value("speech_admission_refused_total", "load") == 0
    assert metrics.value("speech_load") == 0.5


def test_a_name_that_is_not_listed_is_counted_all_the_same() -> None:
    metrics = Metrics()
    metrics.count("speech_new_things_total")
    metrics.count("speech_new_things_total", 2)
    metrics.observe("speech_new_seconds", 0.1)
    assert metrics.value("speech_new_things_total") == 3
    assert "speech_new_seconds_count 1.0" in lines(metrics)


def test_a_version_is_what_the_file_holds(tmp_path) -> None:
    one, two = tmp_path / "asr.nemo", tmp_path / "copy" / "asr.nemo"
    two.parent.mkdir()
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    version = model_files.version(str(one))
    assert version.startswith("asr@") and len(version) == len("asr@") + 12
    assert model_files.version(str(two)) == version
    two.write_bytes(b"other weights")
    assert model_files.version(str(two)) != version
    assert model_files.version("nvidia/some-model") == "nvidia/some-model"
    assert model_files.version(str(tmp_path / "gone.nemo")) == "gone@unreadable"
