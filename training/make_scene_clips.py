"""Record the caller of the scenes: one 8 kHz A-law WAV for each line of tests/scenes/audio/SENTENCES.txt.

    python -m training.make_scene_clips [--only NAME ...]

The speaker is a voice that the recogniser was trained on (VOICE); its training text holds none of these.
Noises (a cough, a bang) come from a seeded generator and hold no word. Same input, same bytes.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal

from training.tts_model import SPEAKERS
from yingda.caller.alaw import encode, wav_bytes

REPOSITORY = Path(__file__).resolve().parent.parent
AUDIO = REPOSITORY / "tests" / "scenes" / "audio"
SENTENCES = AUDIO / "SENTENCES.txt"
TEACHER_CACHE = REPOSITORY / "var" / "teacher"
VOICE = {"jf_alpha": 0.7, "jm_kumo": 0.3}
# By the teacher of the bot's own voice, to compare what a caller hears with (domain.yml: utter_disclosure).
GREETING = "您好，这里是应答客服，我是智能语音助手，本次通话将会录音。"
GREETING_CLIP = REPOSITORY / "tests" / "data" / "speech" / "greeting_teacher.wav"
SPEED = 0.95
RATE_HZ = 8000
TEACHER_HZ = 24000
PEAK = 0.5  # of full scale: a good telephone level
LONGEST_PAUSE_S = 0.25
EDGE_S = 0.05  # near silence kept on both sides of the speech


def sentences(path: Path) -> list[tuple[str, str]]:
    """Read (clip name, sentence) pairs; raises ValueError naming the line that is not `name<TAB>sentence`."""
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, tab, text = line.partition("\t")
        if not tab or not name.isidentifier() or not text.strip():
            raise ValueError(f"{path}:{number}: got {line!r}, expected a clip name, a tab and the sentence")
        pairs.append((name, text.strip()))
    return pairs


def to_telephone(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """Resample to 8 kHz int16, band 300-3400 Hz, peak at PEAK, EDGE_S of silence around."""
    low = scipy.signal.resample_poly(audio, RATE_HZ, rate_hz)
    band = scipy.signal.butter(4, [250, 3400], "bandpass", fs=RATE_HZ, output="sos")
    low = scipy.signal.sosfilt(band, low)
    low = shorten_pauses(low * (PEAK / np.max(np.abs(low))))
    edge = np.zeros(int(EDGE_S * RATE_HZ))
    return np.asarray(np.round(np.concatenate([edge, low, edge]) * 32767), np.int16)


def shorten_pauses(audio: np.ndarray) -> np.ndarray:
    """Pauses at commas cut to LONGEST_PAUSE_S: the teacher reads, callers speak."""
    window = int(0.02 * RATE_HZ)
    loud = np.sqrt(np.convolve(audio**2, np.ones(window) / window, "same")) > 0.005
    places = np.flatnonzero(loud)
    keep = np.ones(len(audio), bool)
    for before, after in itertools.pairwise(places):
        if after - before > LONGEST_PAUSE_S * RATE_HZ:
            middle = int(LONGEST_PAUSE_S * RATE_HZ / 2)
            keep[before + middle : after - middle] = False
    return audio[keep]


def cough(seed: int = 7) -> np.ndarray:
    """A double cough: two bursts of shaped noise of 150-200 ms, no voiced speech in it (float, 8 kHz)."""
    random = np.random.default_rng(seed)
    band = scipy.signal.butter(2, [400, 2600], "bandpass", fs=RATE_HZ, output="sos")
    bursts = []
    for length_s in (0.16, 0.2):
        n = int(length_s * RATE_HZ)
        t = np.arange(n) / RATE_HZ
        envelope = np.minimum(t / 0.008, 1) * np.exp(-t / 0.05)
        bursts += [random.standard_normal(n) * envelope, np.zeros(int(0.12 * RATE_HZ))]
    return np.asarray(scipy.signal.sosfilt(band, np.concatenate(bursts[:-1])))


def bang(seed: int = 11) -> np.ndarray:
    """A door slamming: one low burst of 250 ms (float, 8 kHz)."""
    random = np.random.default_rng(seed)
    t = np.arange(int(0.25 * RATE_HZ)) / RATE_HZ
    ring = 0.5 * np.sin(2 * np.pi * 320 * t) * np.exp(-t / 0.06)
    return np.asarray(random.standard_normal(len(t)) * np.exp(-t / 0.03) + ring)


def street(seed: int = 13, seconds: float = 12.0) -> np.ndarray:
    """Beside a road: a low rumble that swells as cars pass, loops without a seam (float, 8 kHz)."""
    random = np.random.default_rng(seed)
    n = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(n))
    hertz = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 60)
    noise = np.fft.irfft(spectrum / np.sqrt(hertz), n)  # pink
    t = np.arange(n) / n
    cars = 1 + 0.6 * np.sin(2 * np.pi * 3 * t) * np.sin(2 * np.pi * 2 * t + 1)
    return np.asarray(noise * cars)


@functools.cache
def teacher() -> Any:
    """The teacher, loaded once and only where something has to be spoken."""
    from training.teacher import Teacher

    return Teacher(TEACHER_CACHE)


def main(arguments: list[str] | None = None) -> int:
    """Write the clips; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", help="clip names to make; all when left out")
    chosen = parser.parse_args(arguments).only
    noises = {"cough": cough, "bang": bang, "street": street}
    for name, make in noises.items():
        if chosen is None or name in chosen:
            (AUDIO / f"{name}.wav").write_bytes(wav_bytes([encode(to_telephone(make(), RATE_HZ))]))
    if chosen is None or "greeting" in chosen:
        GREETING_CLIP.parent.mkdir(parents=True, exist_ok=True)
        spoken = teacher().speak(GREETING, SPEAKERS[0], 1.0)
        GREETING_CLIP.write_bytes(wav_bytes([encode(to_telephone(spoken.audio, TEACHER_HZ))]))
    pairs = [(n, t) for n, t in sentences(SENTENCES) if chosen is None or n in chosen]
    for name, text in pairs:
        clip = np.concatenate([*speak(text)])
        (AUDIO / f"{name}.wav").write_bytes(wav_bytes([encode(clip)]))
        print(f"{name}.wav: {len(clip) / RATE_HZ:.2f} s", flush=True)
    return 0


def speak(text: str) -> Iterator[np.ndarray]:
    """The caller's sentence, int16 at 8 kHz, in pieces; `<900>` in it is a pause of so many milliseconds."""
    for piece in re.split(r"(<\d+>)", text):
        if pause := re.fullmatch(r"<(\d+)>", piece):
            yield np.zeros(int(int(pause[1]) / 1000 * RATE_HZ), np.int16)
        elif piece.strip():
            yield to_telephone(teacher().speak(piece, VOICE, SPEED).audio, TEACHER_HZ)


if __name__ == "__main__":
    sys.exit(main())
