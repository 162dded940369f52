"""The model families, chosen by the names in the settings: NeMo's, and ModelScope's beside it."""

from __future__ import annotations

from yingda.speech.engines import published
from yingda.speech.hearing.recogniser import StreamingModel
from yingda.speech.settings import Recogniser, Voice
from yingda.speech.voice.model import VoiceModel


def make_recogniser(settings: Recogniser, slots: int) -> StreamingModel:
    """`slots` streams can be open at once. Raises RuntimeError saying what is wrong."""
    if published.is_modelscope(settings.model):
        from yingda.speech.engines.modelscope_asr import ParaformerRecogniser

        return ParaformerRecogniser(settings)
    from yingda.speech.engines import nemo_models

    return nemo_models.make_recogniser(settings, slots)


def make_voice(settings: Voice) -> VoiceModel:
    """The model of one acoustic model and vocoder. Raises RuntimeError saying what is wrong."""
    if published.is_modelscope(settings.acoustic_model):
        from yingda.speech.engines.modelscope_tts import SambertVoice

        return SambertVoice(settings)
    from yingda.speech.engines import nemo_models

    return nemo_models.make_voice(settings)
