"""One sentence into a WAV file, with a voice that hums, and the messages when it cannot be done."""

import tarfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from yingda.speech import speak
from yingda.speech.engines.model_files import ModelError
from yingda.speech.settings import Voice
from yingda.speech.voice.manner import AS_SET
from yingda.speech.voice.model import Prosody


class Hum:
    name, sample_rate = "hum", 16000

    def __init__(self, settings: Voice) -> None:
        self.said: list[tuple[str, float]] = []
        self.told: list[Prosody] = []

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> np.ndarray:
        self.said.append((text, prosody.pace))
        self.told.append(prosody)
        return np.full(round(1600 * len(text) / prosody.pace), 0.1, np.float32)


@pytest.fixture(name="settings")
def make_settings(tmp_path: Path) -> str:
    path, model = tmp_path / "speech.yml", tmp_path / "voice.nemo"
    with tarfile.open(model, "w") as archive:
        archive.add(__file__, arcname="model_config.yaml")
    voices = "[{name: a}, {name: b, speaker: 1}]"
    path.write_text(f"voice: {{acoustic_model: {model}, pace: 0.5, voices: {voices}}}", encoding="utf-8")
    return str(path)


def test_a_text_becomes_a_telephone_wav(
    tmp_path: Path, settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, voices = tmp_path / "out.wav", []

    def make(told: Voice) -> Hum:
        voices.append(Hum(told))
        return voices[-1]

    text = '<speak>好的。<break time="1s"/>共5元。</speak>'
    manner = ["--rate", "2", "--pitch=-1.5", "--voice", "b"]
    assert speak.main(["--settings", settings, "--out", str(out), *manner, text], make) == 0
    assert {(p.voice, p.speaker, p.pitch_semitones) for p in voices[0].told} == {("b", 1, -1.5)}
    assert voices[0].said == [("好的。", 1.0), ("共五元。", 1.0)]
    with wave.open(str(out), "rb") as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(pcm) == 2400 + 1920 + 8000 + 3200  # the pause after a full stop is its own
    assert pcm.max() == pytest.approx(0.7 * 32767, rel=0.1)
    assert capsys.readouterr().out == f"{out}: 1.94 s\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "OUT", ""], "TEXT: text is empty"),
        (["--out", "OUT", "！"], "TEXT: nothing in it can be spoken; expected Chinese text or SSML"),
        (["--out", "OUT", '<speak><break time="1s"/></speak>'], "TEXT: nothing in it can be spoken"),
        (["--out", "OUT", "<speak>好"], "TEXT: SSML is not well-formed"),
        (
            ["--out", "OUT", "好" * 2001],
            "TEXT: text has 2001 characters; at most 2000 are spoken (voice.max_text_chars)",
        ),
        (["--out", "OUT", "--rate", "fast", "好"], "RATE: got 'fast', expected a number 0.25 to 4"),
        (["--out", "OUT", "--rate", "nan", "好"], "RATE: got 'nan'"),
        (["--out", "OUT", "--pitch", "7", "好"], "PITCH: got '7', expected a number -6 to 6"),
        (["--out", "OUT", "--voice", "c", "好"], "VOICE: voice 'c' is unknown, expected one of a, b"),
        (["好"], "OUT: got '', expected a file name that ends in .wav"),
        (["--out", "out.mp3", "好"], "OUT: got 'out.mp3', expected a file name that ends in .wav"),
        (["--out", "no/such/folder/out.wav", "好"], "OUT: no/such/folder/out.wav: the folder no/such/folder"),
    ],
)
def test_mistakes_are_one_message(
    tmp_path: Path, settings: str, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    told = [str(tmp_path / "out.wav") if a == "OUT" else a for a in arguments]
    assert speak.main(["--settings", settings, *told], Hum) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and err.startswith("speak: ")
    assert said in err
    assert not (tmp_path / "out.wav").exists()


def test_a_folder_and_a_full_disk_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(speak.SpeakError, match=r"folder\.wav: cannot be written; name another"):
        speak.check_out(str(tmp_path / "folder.wav"))
    with pytest.raises(speak.SpeakError, match=r"OUT: /dev/full: cannot be written \(No space left"):
        speak.write(Path("/dev/full"), np.zeros(100_000, np.int16))


def test_a_voice_that_cannot_be_loaded_is_said(settings: str, tmp_path: Path) -> None:
    def broken(told: Voice) -> Hum:
        raise RuntimeError("no such speaker\nand more")

    with pytest.raises(
        ModelError, match=r"'voice\.acoustic_model': \S+voice\.nemo cannot be used: no such speaker$"
    ):
        speak.run("好", str(tmp_path / "out.wav"), AS_SET, settings, broken)
