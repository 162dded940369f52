"""What the bot says in one call: sentences are synthesised one after the other and put on the line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yingda.gateway.media import MediaLeg
from yingda.gateway.prompts import Prompts
from yingda.gateway.speech_link import RATE, SpeechLink, SpeechUnavailable
from yingda.sansio.turns import events as ev

log = logging.getLogger(__name__)

_NOTHING = np.zeros(0, np.int16)


@dataclass(frozen=True)
class _Sentence:
    clip: int
    text: str


class VoiceOut:
    """``tell`` gets SynthesisFinished, SynthesisFailed, and PlaybackFinished of what cannot be played."""

    def __init__(
        self, leg: MediaLeg, speech: SpeechLink, prompts: Prompts, tell: Callable[[ev.Event], None]
    ) -> None:
        self._leg, self._speech, self._prompts, self._tell = leg, speech, prompts, tell
        self._sentences: asyncio.Queue[_Sentence] = asyncio.Queue()
        self._open_clip: int | None = None  # audio of this clip is on the line, more is being made
        self._worker: asyncio.Task[None] | None = None

    def say(self, clip: int, text: str) -> None:
        """Queue a sentence."""
        self._sentences.put_nowait(_Sentence(clip, text))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    def play_prompt(self, clip: int, key: str) -> None:
        """Put a fixed prompt on the line at once, before sentences that are still being made."""
        pcm = self._prompts.audio(key)
        if pcm is None or self._open_clip is not None:
            # Nothing to play, or a sentence is on the line and would be cut in two.
            asyncio.get_running_loop().call_soon(self._tell, ev.PlaybackFinished(clip))
            return
        self._leg.play(clip, pcm, last=True)
        self._tell(ev.SynthesisFinished(clip, _ms(len(pcm))))

    def pause(self) -> None:
        self._leg.pause()

    def resume(self) -> None:
        self._leg.resume()

    def stop(self) -> None:
        """Silence, and drop what is queued or being made."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        self._sentences = asyncio.Queue()
        self._open_clip = None
        self._leg.stop_playback()

    async def _work(self) -> None:
        sentences = self._sentences
        while True:
            sentence = await sentences.get()
            try:
                samples = await self._make(sentence)
            except SpeechUnavailable as error:
                log.warning("synthesis failed: %s", error)
                self._open_clip = None
                self._tell(ev.SynthesisFailed(sentence.clip))
            except Exception:
                log.exception("synthesis failed")
                self._open_clip = None
                self._tell(ev.SynthesisFailed(sentence.clip))
            else:
                self._tell(ev.SynthesisFinished(sentence.clip, _ms(samples)))

    async def _make(self, sentence: _Sentence) -> int:
        samples = 0
        async for pcm in self._speech.synthesise(sentence.text):
            samples += len(pcm)
            self._leg.play(sentence.clip, pcm, last=False)
            self._open_clip = sentence.clip
        if not samples:
            raise SpeechUnavailable("no audio came")
        self._leg.play(sentence.clip, _NOTHING, last=True)
        self._open_clip = None
        return samples


def _ms(samples: int) -> int:
    return samples * 1000 // RATE
