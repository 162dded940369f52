"""The voice: text to clauses to audio, one thread on the model, a memory of what was spoken before."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from yingda.speech import audio, clauses, normalisation, ssml
from yingda.speech.audio import Float, Int16
from yingda.speech.metrics import Metrics
from yingda.speech.prompt_cache import Key, PromptCache, voice_identity
from yingda.speech.settings import Voice as Settings
from yingda.speech.waiting import Full, Waiting

log = logging.getLogger(__name__)

SLOWEST, FASTEST = 0.25, 4.0  # what a request may make of the pace that is set
_TREATMENT = 3  # raise it when the same clause comes to sound differently for a reason in our code


class TooBusy(Exception):
    """Too many clauses wait for the voice."""


class TextError(ValueError):
    """A text cannot be spoken; it says why."""


class TextTooLong(TextError):
    """A text has more characters than are spoken at once."""


class GaveWay(Exception):
    """A model stopped in the middle of a clause, because it was asked to."""


class VoiceModel(Protocol):
    """A synthesiser of single clauses; used by one thread only."""

    name: str
    sample_rate: int

    def speak(self, text: str, pace: float, give_way: Callable[[], bool] | None = None) -> Float:
        """float32 audio at `sample_rate`. Raises GaveWay soon after `give_way()` is true, if it is given."""


@dataclass
class _Work:
    text: str
    pace: float
    give_up_at: float
    is_live: bool
    result: Future[Float] = field(default_factory=Future)


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
        self._voice = voice_identity(
            (settings.acoustic_model, settings.vocoder),
            settings.name,
            settings.speaker,
            settings.griffin_lim_iterations,
            settings.peak,
            normalisation.VERSION,
            _TREATMENT,
        )
        self._loaded: Future[VoiceModel] = Future()
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
    def version(self) -> str:
        """Changes whenever the same text may come to sound differently; clients that keep audio keep this
        with it."""
        s = self._settings
        shape = (s.pace, s.clause_pause_ms, s.first_clause_chars, s.clause_chars)
        return voice_identity((), self._voice, *shape)

    def check(self, text: str) -> None:
        """Raises TextError for a text that is empty, TextTooLong for one that is too long."""
        if not text.strip():
            raise TextError("text is empty")
        if len(text) > self._settings.max_text_chars:
            most = self._settings.max_text_chars
            raise TextTooLong(f"text has {len(text)} characters; at most {most} are spoken")

    def has_words(self, text: str) -> bool:
        """Whether anything is left to say of plain text or SSML. Raises SsmlError."""
        return any(key[3] for key, _ in self._clauses(text, 8000))

    def load_prompts(self, texts: list[str], rate: int) -> list[str]:
        """Take prompts from the disk; returns those of which a clause has to be synthesised."""
        return [t for t in texts if not all([self._cache.load(key) for key, _ in self._clauses(t, rate)])]

    async def fix_prompts(self, texts: list[str], rate: int) -> None:
        """Synthesise prompts while no call wants the voice, and hold them for good. One that cannot be
        spoken is left to be spoken when it is wanted."""
        for text in texts:
            for key, _ in self._clauses(text, rate):
                if self._cache.is_fixed(key):
                    continue
                try:
                    spoken = self._cache.get(key)
                    pcm = await self._synthesise(key, None) if spoken is None else spoken
                    await asyncio.to_thread(self._cache.fix, key, pcm)
                except Exception as error:  # the others are still to be made
                    log.warning("a fixed prompt was not kept: %s: %s", type(error).__name__, error)

    async def say(self, text: str, rate: int, pace: float = 1.0) -> AsyncIterator[Spoken]:
        """Clauses of plain text or SSML, each as soon as it is spoken; above pace 1 faster than the settings
        and the SSML say. Raises SsmlError, TextError, TooBusy, TimeoutError."""
        parts = list(self._clauses(text, rate, pace))
        for i, (key, pause_ms) in enumerate(parts):
            pcm = await self._clause(key) if key[3] else np.zeros(0, np.int16)
            pause = pause_ms if i + 1 < len(parts) or not key[3] else 0
            if pause:
                pcm = np.concatenate([pcm, np.zeros(rate * pause // 1000, np.int16)])
            yield Spoken(key[3], pcm)

    def _clauses(self, text: str, rate: int, faster: float = 1.0) -> list[tuple[Key, int]]:
        """Cache keys of a text's clauses, each with the silence after it in ms; an empty clause is only
        silence."""
        settings = self._settings
        out: list[tuple[Key, int]] = []
        for span in ssml.parse(text):
            if not SLOWEST <= span.pace * faster <= FASTEST:
                raise TextError(
                    f"pace {faster:g} times the SSML's rate {span.pace:g} is {span.pace * faster:g}, "
                    f"expected {SLOWEST:g}-{FASTEST:g}"
                )
            pace = round(span.pace * faster * settings.pace, 3)
            first = settings.clause_chars if out else settings.first_clause_chars
            for clause in clauses.split(normalisation.normalise(span.text), first, settings.clause_chars):
                out.append(((self._voice, rate, pace, clause.text), clause.pauses * settings.clause_pause_ms))
            if span.pause_ms:
                out.append(((self._voice, rate, pace, ""), span.pause_ms))
        return out

    async def _clause(self, key: Key) -> Int16:
        found = self._cache.get(key)
        if found is not None:
            self._metrics.count("speech_clause_cache_hits_total")
            return found
        self._metrics.count("speech_clause_cache_misses_total")
        pcm = await self._synthesise(key, self._settings.deadline_s)
        self._cache.put(key, pcm)
        return pcm

    async def _synthesise(self, key: Key, deadline_s: float | None) -> Int16:
        """Without a deadline: in the background."""
        give_up_at = math.inf if deadline_s is None else time.monotonic() + deadline_s
        work = _Work(key[3], key[2], give_up_at, deadline_s is not None)
        try:
            (self._work.put_live if work.is_live else self._work.put_background)(work)
        except Full:
            raise TooBusy(f"{self._settings.max_waiting} clauses are waiting for the voice") from None
        samples = await asyncio.wait_for(asyncio.wrap_future(work.result), deadline_s)
        model = self._loaded.result()
        peak = float(np.abs(samples).max()) if len(samples) else 0.0
        level = samples * np.float32(self._settings.peak / peak) if peak > 1e-6 else samples
        return audio.to_int16(audio.resample(level, model.sample_rate, key[1]))

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
                samples = model.speak(work.text, work.pace)
            else:
                samples = model.speak(work.text, work.pace, self._is_wanted)
        except GaveWay:
            self._work.put_background(work, again=True)
            return
        except Exception as error:  # one bad clause must not end the voice of every call
            log.exception("a clause of %d characters could not be spoken", len(work.text))
            if work.result.set_running_or_notify_cancel():
                work.result.set_exception(error)
            return
        if work.result.set_running_or_notify_cancel():
            work.result.set_result(samples)
        self._metrics.observe("speech_clause_seconds", time.monotonic() - started)
        self._metrics.count("speech_spoken_seconds_total", len(samples) / model.sample_rate)

    def _is_wanted(self) -> bool:
        return self._work.has_live() or self._work.is_closed
