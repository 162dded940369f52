"""Which class of ours runs a NeMo model: found out from the model, not from a setting."""

from __future__ import annotations

from yingda.speech.engines import model_files, nemo_runtime
from yingda.speech.hearing.recogniser import StreamingModel
from yingda.speech.settings import Recogniser, Voice
from yingda.speech.voice.model import VoiceModel

_MAGPIE = "Magpie"


def make_recogniser(settings: Recogniser, slots: int) -> StreamingModel:
    """Cache-aware models stream as they are, others window by window. Raises RuntimeError."""
    from yingda.speech.engines.nemo_asr import NemoRecogniser, is_cache_aware
    from yingda.speech.engines.nemo_buffered import BufferedRecogniser

    nemo_runtime.prepare()
    model = nemo_runtime.load_recogniser(settings.model, nemo_runtime.device_name(settings.device))
    kind = NemoRecogniser if is_cache_aware(model) else BufferedRecogniser
    return kind(settings, slots, model)


def make_voice(settings: Voice) -> VoiceModel:
    """FastPitch with a vocoder, or Magpie with its codec. Raises RuntimeError."""
    from yingda.speech.engines.nemo_magpie import MagpieVoice
    from yingda.speech.engines.nemo_tts import NemoVoice

    name = settings.acoustic_model
    target = model_files.target(name) or name.rpartition("/")[2]
    return MagpieVoice(settings) if _MAGPIE.lower() in target.lower() else NemoVoice(settings)
