"""The voice: text to clauses to audio, one thread on the model, a memory of what was spoken before."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from yingda.speech import audio
from yingda.speech.audio import Float, Int16
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Voice as Settings
from yingda.speech.text import clauses, normalisation, ssml
from yingda.speech.voice.manner import AS_SET, Manner
from yingda.speech.voice.model import GaveWay, Prosody, VoiceModel
from yingda.speech.voice.prompt_cache import Key, PromptCache
from yingda.speech.voice.voices import Voices
from yingda.speech.voice.waiting import Full, Waiting

log = logging.getLogger(__name__)
_WEIGHT = 0.1  # of a clause in the estimate of what the next one takes

__all__ = ["GaveWay", "Spoken", "Synthesiser", "TextError", "TextTooLong", "TooBusy", "VoiceModel"]


class TooBusy(Exception):
    """Too many clauses wait for the voice."""


class TextError(ValueError):
    """A text cannot be spoken; it says why."""


class TextTooLong(TextError):
    """A text has more characters than are spoken at once."""


@dataclass
class _Work:
    text: str
    prosody: Prosody
    give_up_at: float
    is_live: bool
    result: Future[Float] = field(default_factory=Future)


@dataclass(frozen=True)
class _Part:
    """One clause as it is wanted; its silence afterwards."""

    key: Key
    prosody: Prosody
    pause_ms: int


@dataclass(frozen=True)
class Spoken:
    """One clause: what was said, and its audio at the asked rate with the pause that follows."""

    text: str
    pcm: Int16


class Synthesiser:
    """Thread-safe front of the one thread."""

    def __init__(
        self, make_model: Callable[[], VoiceModel], settings: Settings, cache: PromptCache, metrics: Metrics
    ) -> None:
        """`make_model` runs on the synthesiser's thread, which owns the model from then on."""
        self._make_model = make_model
        self._settings = settings
        self._cache = cache
        self._metrics = metrics
        self._work: Waiting[_Work] = Waiting(settings.max_waiting)
        self._voices = Voices(settings)
        self._loaded: Future[VoiceModel] = Future()
        self._clause_s = 0.0  # how long a clause takes, of late
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def begin(self) -> Future[VoiceModel]:
        """Start the thread; the future gives the model once it is loaded."""
        self._thread.start()
        return self._loaded

    def stop(self) -> None:
        """End the thread after the clause that it is in."""
        if self._thread.is_alive():
            self._work.close()
            self._thread.join(timeout=10)

    @property
    def alive(self) -> bool:
        """Whether the thread is there to take work."""
        return self._thread.is_alive()

    @property
    def voices(self) -> list[str]:
        """Names of the voices that may be asked for; the first one speaks unless another is."""
        return self._voices.names

    def version(self, voice: str = "") -> str:
        """Changes whenever the same text may come to sound differently in a voice; clients that keep audio
        keep this with it. Raises UnknownVoice."""
        return self._voices.version(voice)

    def check(self, text: str) -> None:
        """Raises TextError for a text that is empty, TextTooLong for one that is too long."""
        if not text.strip():
            raise TextError("text is empty")
        if len(text) > self._settings.max_text_chars:
            most = self._settings.max_text_chars
            raise TextTooLong(
                f"text has {len(text)} characters; at most {most} are spoken (voice.max_text_chars)"
            )

    def has_words(self, text: str) -> bool:
        """Whether anything is left to say of plain text or SSML. Raises SsmlError, MannerError."""
        return any(part.key.text for part in self._parts(text, 8000, AS_SET))

    def load_prompts(self, texts: list[str], rate: int, voices: Sequence[str] = ("",)) -> list[str]:
        """Take prompts from the disk, in each of `voices`, of which "" is the one that speaks unless another
        is asked for; returns those of which a clause has to be synthesised. One that cannot be spoken, such
        as broken SSML, is left to be refused when it is wanted."""
        missing = []
        for text in texts:
            try:
                parts = self._in_voices(text, rate, voices)
            except ValueError as error:
                log.warning("a fixed prompt cannot be spoken: %s", error)
                continue
            if not all([self._cache.load(part.key) for part in parts]):
                missing.append(text)
        return missing

    async def fix_prompts(self, texts: list[str], rate: int, voices: Sequence[str] = ("",)) -> None:
        """Synthesise prompts in each of `voices` while no call wants it, and hold them for good. One that
        cannot be spoken is left to be spoken when it is wanted."""
        for text in texts:
            try:
                for part in self._in_voices(text, rate, voices):
                    await self._fix(part)
            except Exception as error:  # the others are still to be made
                log.warning("a fixed prompt was not kept: %s: %s", type(error).__name__, error)

    async def _fix(self, part: _Part) -> None:
        if not self._cache.is_fixed(part.key):
            spoken = self._cache.get(part.key)
            pcm = await self._synthesise(part, None) if spoken is None else spoken
            await asyncio.to_thread(self._cache.fix, part.key, pcm)

    def _in_voices(self, text: str, rate: int, voices: Sequence[str]) -> list[_Part]:
        wishes = [Manner(voice=name) for name in voices]
        return [part for wish in wishes for part in self._parts(text, rate, wish) if part.key.text]

    async def say(self, text: str, rate: int, manner: Manner = AS_SET) -> AsyncIterator[Spoken]:
        """Clauses of plain text or SSML, each as soon as it is spoken, at `rate` Hz; `manner` is what the
        request wishes, on which the SSML's own wishes come. Raises SsmlError, MannerError, TextError,
        TooBusy, TimeoutError."""
        began = time.monotonic()
        parts = self._parts(text, rate, manner, lambda tag: self._metrics.count("speech_unknown_tags_total"))
        for i, part in enumerate(parts):
            words = part.key.text
            pcm = await self._clause(part) if words else np.zeros(0, np.int16)
            if i == 0:
                self._metrics.observe("speech_first_audio_seconds", time.monotonic() - began)
            pause = part.pause_ms if i + 1 < len(parts) or not words else 0
            if pause:
                pcm = np.concatenate([pcm, np.zeros(rate * pause // 1000, np.int16)])
            yield Spoken(words, pcm)

    def _parts(
        self, text: str, rate: int, wish: Manner, on_unknown_tag: Callable[[str], None] | None = None
    ) -> list[_Part]:
        """A text's clauses; one without words is only silence."""
        settings = self._settings
        out: list[_Part] = []
        for span in ssml.parse(text, on_unknown_tag):
            manner = wish.with_inner(span.manner)
            manner.check("of the request and its SSML together")
            first = settings.clause_chars if out else settings.first_clause_chars
            for clause in clauses.split(normalisation.normalise(span.text), first, settings.clause_chars):
                out.append(self._part(clause.text, rate, manner, clause.pauses * settings.clause_pause_ms))
            if span.pause_ms:
                out.append(self._part("", rate, manner, span.pause_ms))
        return out

    def _part(self, text: str, rate: int, manner: Manner, pause_ms: int) -> _Part:
        prosody = self._voices.prosody(manner)
        identity = self._voices.find(manner.voice).identity
        volume = round(manner.volume_db, 1)
        key = Key(identity, rate, prosody.pace, prosody.pitch_semitones, volume, text)
        return _Part(key, prosody, pause_ms)

    async def _clause(self, part: _Part) -> Int16:
        found = self._cache.get(part.key)
        if found is not None:
            self._metrics.count("speech_clause_cache_hits_total")
            return found
        self._metrics.count("speech_clause_cache_misses_total")
        pcm = await self._synthesise(part, self._settings.deadline_s)
        self._cache.put(part.key, pcm)
        return pcm

    async def _synthesise(self, part: _Part, deadline_s: float | None) -> Int16:
        """Without a deadline: in the background."""
        give_up_at = math.inf if deadline_s is None else time.monotonic() + deadline_s
        work = _Work(part.key.text, part.prosody, give_up_at, deadline_s is not None)
        waiting = self._work.live()
        if waiting and waiting * self._clause_s > (deadline_s or math.inf):  # it would wait to be too late
            raise TooBusy(f"the voice is fully loaded: {waiting} clauses are waiting for it")
        try:
            (self._work.put_live if work.is_live else self._work.put_background)(work)
        except Full:
            raise TooBusy(f"{self._settings.max_waiting} clauses are waiting for the voice") from None
        samples = await asyncio.wait_for(asyncio.wrap_future(work.result), deadline_s)
        model = self._loaded.result()
        peak = float(np.abs(samples).max()) if len(samples) else 0.0
        level = samples * np.float32(self._settings.peak / peak) if peak > 1e-6 else samples
        level = audio.amplify(level, part.key.volume_db)
        return audio.to_int16(audio.resample(level, model.sample_rate, part.key.rate_hz))

    def _run(self) -> None:
        try:
            model = self._make_model()
        except BaseException as error:
            self._loaded.set_exception(error)
            return
        self._loaded.set_result(model)
        while (work := self._work.get()) is not None:
            if work.result.cancelled():
                continue  # nobody waits for it any more
            if time.monotonic() > work.give_up_at:
                if work.result.set_running_or_notify_cancel():  # not cancel(): that would end the request
                    work.result.set_exception(TimeoutError())
                continue
            self._speak(model, work)

    def _speak(self, model: VoiceModel, work: _Work) -> None:
        started = time.monotonic()
        try:
            if work.is_live:
                samples = model.speak(work.text, work.prosody)
            else:
                samples = model.speak(work.text, work.prosody, self._is_wanted)
        except GaveWay:
            self._work.put_background(work, again=True)
            return
        except Exception as error:  # one bad clause must not end the voice of every call
            log.exception("a clause of %d characters could not be spoken", len(work.text))
            if work.result.set_running_or_notify_cancel():
                work.result.set_exception(error)
            return
        took_s, audio_s = time.monotonic() - started, len(samples) / model.sample_rate
        if work.is_live:  # before anybody has the result, and asks for the next
            self._clause_s += _WEIGHT * (took_s - self._clause_s) if self._clause_s else took_s
        if work.result.set_running_or_notify_cancel():
            work.result.set_result(samples)
        self._metrics.observe("speech_clause_seconds", took_s)
        self._metrics.count("speech_spoken_seconds_total", audio_s)
        if audio_s:
            self._metrics.observe("speech_voice_real_time_factor", took_s / audio_s)

    def _is_wanted(self) -> bool:
        return self._work.has_live() or self._work.is_closed
