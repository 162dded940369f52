"""Synthesis by NVIDIA's Magpie: a transformer writes the frames of an audio codec, which makes them heard."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from yingda.speech.audio import Float
from yingda.speech.engines import nemo_runtime
from yingda.speech.settings import Voice as Settings
from yingda.speech.voice import silence
from yingda.speech.voice.model import GaveWay, Prosody
from yingda.speech.voice.stretching import shaped
from yingda.speech.voice.voices import missing_speakers

CLASS = "nemo.collections.tts.models.magpietts"
_LANGUAGE = "zh"
_TOKENIZERS = {"mandarin_phoneme", "mandarin", "chinese"}  # by which NeMo finds the one for zh


class MagpieVoice:
    """`VoiceModel` on Magpie. `voice.vocoder` is its codec; null: the one that the model names."""

    def __init__(self, settings: Settings) -> None:
        """Load the model and its codec. Raises RuntimeError saying what is wrong."""
        started = time.monotonic()
        nemo_runtime.prepare(CLASS)
        from nemo.collections.tts.models.magpietts import MagpieTTSModel

        device = nemo_runtime.device_name(settings.device)
        name = settings.acoustic_model
        self._model = _load(MagpieTTSModel, name, settings.vocoder, device)
        self._check(settings, name)
        self.name = name
        self.sample_rate = int(self._model.output_sample_rate)
        first = settings.voices[0]
        self.speak("您好。", Prosody(first.name, first.speaker))  # pays for what is made on first use
        self.load_seconds = time.monotonic() - started

    def _check(self, settings: Settings, name: str) -> None:
        has = set(self._model.tokenizer.tokenizers)
        if not has & _TOKENIZERS:
            raise RuntimeError(f"{name} speaks no Mandarin; its tokenizers are {', '.join(sorted(has))}")
        if not self._model.has_baked_context_embedding:
            raise RuntimeError(f"{name} has no voices of its own; choose a Magpie model with speakers")
        wrong = missing_speakers(settings, name, self._model.num_baked_speakers)
        if wrong is not None:
            raise RuntimeError(wrong)

    def speak(self, text: str, prosody: Prosody, give_way: Callable[[], bool] | None = None) -> Float:
        """float32 audio of one clause at `sample_rate`. Between two frames `give_way()` may end it with
        GaveWay. The same text always sounds the same, though the model draws its frames by lot."""
        import torch

        if not any(char.isalnum() for char in text):
            return np.zeros(0, np.float32)
        with torch.inference_mode(), torch.random.fork_rng(), self._giving_way(give_way):
            torch.manual_seed(0)
            audio, lengths = self._model.do_tts(
                text, language=_LANGUAGE, apply_TN=False, speaker_index=prosody.speaker
            )
        spoken = audio[0, : int(lengths[0])].float().cpu().numpy()
        spoken = np.ascontiguousarray(spoken, dtype=np.float32)
        return silence.trim(shaped(spoken, self.sample_rate, prosody), self.sample_rate, text)

    @contextlib.contextmanager
    def _giving_way(self, give_way: Callable[[], bool] | None) -> Iterator[None]:
        """The decoder runs once a frame: there is no other place to be asked."""
        if give_way is None:
            yield
            return

        def ask(*_: Any) -> None:
            if give_way():
                raise GaveWay

        hook = self._model.decoder.register_forward_pre_hook(ask)
        try:
            yield
        finally:
            hook.remove()


def _load(kind: Any, name: str, codec: str | None, device: str) -> Any:
    """With another codec than the model names, where one is wanted: a file here instead of a download."""
    if codec is None:
        return nemo_runtime.load_model(kind, name, device)
    config = nemo_runtime.load_config(kind, name)
    config.codecmodel_path = codec
    return nemo_runtime.load_model(kind, name, device, override_config_path=config)
