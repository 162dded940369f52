"""What the gateway asks of the speech server for a turn."""

from __future__ import annotations

from yingda.gateway.settings import SpeechSettings
from yingda.gateway.speech_link import Recognition


def test_transcripts_come_as_they_were_said_and_words_are_boosted() -> None:
    recognition = object.__new__(Recognition)  # without a connection
    recognition._settings = SpeechSettings()
    config = recognition._config(["王丽", "余额"]).streaming_config.config
    assert config.verbatim_transcripts  # numbers are the dialogue's, whose numerals read spoken ones
    (context,) = config.speech_contexts
    assert (list(context.phrases), context.boost) == (["王丽", "余额"], 8.0)
    assert not recognition._config([]).streaming_config.config.speech_contexts
