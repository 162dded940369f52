"""Synthesis by NeMo: FastPitch makes a mel spectrogram of a clause; our source-filter vocoder, HiFi-GAN or
Griffin-Lim makes it heard."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from yingda.speech.audio import Float
from yingda.speech.engines import model_files, nemo_runtime
from yingda.speech.settings import Voice as Settings
from yingda.speech.text import readings
from yingda.speech.voice import pitch, silence
from yingda.speech.voice.model import GaveWay, Prosody, factor
from yingda.speech.voice.voices import missing_speakers

_MARKS = str.maketrans("；：", "，，")  # marks that small tokenizers lack
_NNLS_STEPS = 40
_AROUND = 8  # frames of silence that a vocoder gets before and after a clause
_HIFI_GAN = "nemo.collections.tts.models.hifigan"
_PROBE, _PROBE_SEMITONES = "您好，请问有什么可以帮您？", 3.0
_STRONGEST = 2.0
_MOMENTUM = 0.99  # Perraudin, Balazs, Sondergaard 2013, "A fast Griffin-Lim algorithm"


class NemoVoice:
    """`VoiceModel` on NeMo. Not thread-safe: the thread that makes it owns it."""

    def __init__(self, settings: Settings) -> None:
        """Load the acoustic model and, if one is named, the vocoder. Raises RuntimeError saying what is
        wrong."""
        started = time.monotonic()
        ours = model_files.is_ours(settings.vocoder)
        nemo_runtime.prepare(*(() if settings.vocoder is None or ours else (_HIFI_GAN,)))
        from nemo.collections.tts.models.fastpitch import FastPitchModel

        self._settings = settings
        self._device = nemo_runtime.device_name(settings.device)
        self._acoustic = nemo_runtime.load_model(FastPitchModel, settings.acoustic_model, self._device)
        config = self._acoustic.cfg
        self.sample_rate = int(config.preprocessor.sample_rate)
        self.name = settings.acoustic_model
        self._speakers = max(1, int(config.get("n_speakers", 0) or 0))
        wrong = missing_speakers(settings, settings.acoustic_model, self._speakers)
        if wrong is not None:
            raise RuntimeError(wrong)
        self._vocoder: Any = None
        self._griffin_lim: GriffinLim | None = None
        if settings.vocoder is None:
            self._griffin_lim = GriffinLim(
                self._acoustic.preprocessor.featurizer, settings.griffin_lim_iterations
            )
        else:
            self._vocoder = self._load_vocoder(settings.vocoder, int(config.n_mel_channels))
        _prepare_chinese()
        self._strengths: dict[tuple[int, bool], float] = {}
        first = settings.voices[0]
        self.speak("您好。", Prosody(first.name, first.speaker))  # pays for what is made on first use
        self.load_seconds = time.monotonic() - started

    def _load_vocoder(self, name: str, mels: int) -> Callable[[Any], Any]:
        """What makes audio [B, samples] of mels [B, mels, frames]."""
        if model_files.is_ours(name):
            from yingda.speech.engines import source_filter

            ours = source_filter.load(name, self._device)
            taken, rate = ours.mels, ours.rate_hz
            speak: Callable[[Any], Any] = ours
        else:
            from nemo.collections.tts.models.hifigan import HifiGanModel

            vocoder = nemo_runtime.load_model(HifiGanModel, name, self._device)
            theirs = vocoder.cfg.preprocessor
            taken = int(theirs.get("nfilt") or theirs.get("features"))  # by the name of the class they are of
            rate = int(theirs.sample_rate)
            speak = partial(_by_hifi_gan, vocoder)
        if (taken, rate) != (mels, self.sample_rate):
            raise RuntimeError(
                f"voice.vocoder {name} takes {taken} mels at {rate} Hz; "
                f"voice.acoustic_model makes {mels} at {self.sample_rate} Hz"
            )
        return speak

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> Float:
        """float32 audio of one clause of spoken Chinese at `sample_rate`. Between two steps of it
        `give_way()` may end it with GaveWay."""
        wanted = prosody.pitch_semitones
        told = wanted * self._strength(prosody.speaker, wanted > 0) if wanted else 0.0
        return self._speak(text, prosody, told, give_way)

    def _strength(self, speaker: int, up: bool) -> float:
        """What a wish for pitch is multiplied by, found once by trying: models follow the pitch that they are
        given by some 60 to 100 %, less where training was short."""
        key = speaker, up
        if key not in self._strengths:
            asked = _PROBE_SEMITONES if up else -_PROBE_SEMITONES
            heard = [
                pitch.median_hz(self._speak(_PROBE, Prosody(speaker=speaker), s), self.sample_rate)
                for s in (0.0, asked)
            ]
            plain, changed = heard
            followed = pitch.semitones(changed, plain) / asked if plain and changed else 1.0
            self._strengths[key] = min(_STRONGEST, max(1.0, 1 / max(followed, 0.1)))
        return self._strengths[key]

    def _speak(
        self, text: str, prosody: Prosody, semitones: float, give_way: Callable[[], bool] | None = None
    ) -> Float:
        import torch

        with torch.inference_mode():
            tokens = self._acoustic.parse(text.translate(_MARKS), normalize=False)
            if not tokens.shape[1]:
                return np.zeros(0, np.float32)
            speaker = prosody.speaker if self._speakers > 1 else None
            with self._pitched(prosody.speaker, semitones):
                mel = self._acoustic.generate_spectrogram(tokens=tokens, speaker=speaker, pace=prosody.pace)
            _check(give_way)
            if self._griffin_lim is not None:
                audio = self._griffin_lim(mel[0].float().cpu(), give_way)
            else:
                # a vocoder makes the first sound of what begins at once badly; the silence is trimmed below
                mel = torch.nn.functional.pad(mel, (_AROUND, _AROUND), value=float(mel.min()))
                audio = self._vocoder(mel)[0].float().cpu()
        return silence.trim(np.asarray(audio.numpy(), dtype=np.float32), self.sample_rate, text)

    @contextlib.contextmanager
    def _pitched(self, speaker: int, semitones: float) -> Iterator[None]:
        """Multiply the pitch that the model predicts, in Hz, while this holds.

        FastPitch was built for it, and the timbre stays; generate_spectrogram only has no argument. What is
        predicted is (Hz - mean) / std over voiced sounds, of all speakers or of each.
        """
        module, times = self._acoustic.fastpitch, factor(semitones)
        mean, std = (_of_speaker(b, speaker) for b in (module.pitch_mean, module.pitch_std))
        shift = (times - 1) * mean / std if std > 0 else 0.0
        hook = module.pitch_predictor.register_forward_hook(lambda _, __, said: said * times + shift)
        try:
            yield
        finally:
            hook.remove()


def _by_hifi_gan(vocoder: Any, mel: Any) -> Any:
    return vocoder.convert_spectrogram_to_audio(spec=mel)


def _of_speaker(buffer: Any, speaker: int) -> float:
    """One speaker's entry of a buffer that holds one value, or one for each speaker."""
    values = buffer.flatten()
    return float(values[speaker if len(values) > speaker else 0])


def _check(give_way: Callable[[], bool] | None) -> None:
    if give_way is not None and give_way():
        raise GaveWay


def _prepare_chinese() -> None:
    """Load the dictionary of jieba, which NeMo's Chinese tokenizer cuts words with, without its log lines;
    put the readings right that the tokenizer changed."""
    try:
        import jieba
    except ImportError:
        return  # a model of another kind needs none
    jieba.setLogLevel(60)
    jieba.initialize()
    readings.install()


class GriffinLim:
    """Log-mel spectrograms back to audio, for the very features that the acoustic model was trained on."""

    def __init__(self, featurizer: Any, iterations: int) -> None:
        """`featurizer`: NeMo's FilterbankFeatures of the model; its window, hop, filters and powers are
        undone."""
        import torch

        self._iterations = iterations
        self._fft, self._hop, self._window_size = (
            featurizer.n_fft,
            featurizer.hop_length,
            featurizer.win_length,
        )
        self._filters = featurizer.fb[0].float().cpu()
        window = featurizer.window
        self._window = torch.ones(self._window_size) if window is None else window.float().cpu()
        self._log, self._power = bool(featurizer.log), float(featurizer.mag_power)
        self._preemphasis = float(featurizer.preemph or 0.0)
        self._correlation = self._filters.T @ self._filters
        self._spread = self._filters / self._filters.sum(1, keepdim=True).clamp(min=1e-6)

    def __call__(self, mel: Any, give_way: Callable[[], bool] | None = None) -> Any:
        """[mels, frames] to samples. Raises GaveWay."""
        return self._deemphasise(self._invert(self._magnitudes(mel), give_way))

    def _magnitudes(self, mel: Any) -> Any:
        """Non-negative least squares by multiplicative updates (Lee and Seung 2001)."""
        energy = mel.exp() if self._log else mel
        target = self._filters.T @ energy
        guess = self._spread.T @ energy + 1e-6
        for _ in range(_NNLS_STEPS):
            guess *= target / (self._correlation @ guess + 1e-9)
        return guess.clamp(min=0) ** (1.0 / self._power)

    def _invert(self, magnitudes: Any, give_way: Callable[[], bool] | None) -> Any:
        import torch

        generator = torch.Generator().manual_seed(0)  # the same text always sounds the same
        angles = torch.exp(2j * torch.pi * torch.rand(magnitudes.shape, generator=generator))
        previous = torch.zeros_like(angles)
        for _ in range(self._iterations):
            _check(give_way)
            rebuilt = self._stft(self._istft(magnitudes * angles))[:, : magnitudes.shape[1]]
            angles = rebuilt - previous * (_MOMENTUM / (1 + _MOMENTUM))
            angles = angles / (angles.abs() + 1e-16)
            previous = rebuilt
        return self._istft(magnitudes * angles)

    def _istft(self, spectrum: Any) -> Any:
        import torch

        return torch.istft(spectrum, self._fft, self._hop, self._window_size, self._window, center=True)

    def _stft(self, samples: Any) -> Any:
        import torch

        return torch.stft(
            samples, self._fft, self._hop, self._window_size, self._window, center=True,
            pad_mode="constant", return_complex=True,
        )  # fmt: skip

    def _deemphasise(self, samples: Any) -> Any:
        if not self._preemphasis:
            return samples
        import torch
        from scipy.signal import lfilter

        return torch.from_numpy(lfilter([1.0], [1.0, -self._preemphasis], samples.numpy()).astype(np.float32))
