"""The process: loads both models side by side, then listens. See __main__.py for the command line."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import grpc
from riva.client.proto import riva_asr_pb2_grpc, riva_tts_pb2_grpc

from yingda.speech.api.http_api import STOPPING, HttpApi
from yingda.speech.api.riva_asr import RivaRecognition
from yingda.speech.api.riva_tts import RivaSynthesis
from yingda.speech.engines import families, model_files
from yingda.speech.hearing.admission import Bounds
from yingda.speech.hearing.recogniser import Recogniser, StreamingModel
from yingda.speech.hearing.streams import Hearing
from yingda.speech.metrics import Metrics, Versions
from yingda.speech.settings import SpeechSettings
from yingda.speech.voice import prompt_cache, voices
from yingda.speech.voice.model import VoiceModel
from yingda.speech.voice.prompt_cache import PromptCache
from yingda.speech.voice.synthesiser import Synthesiser
from yingda.speech.words import transcript
from yingda.speech.words.hotword_file import HotwordError, Hotwords
from yingda.speech.words.lexicon import LexiconError
from yingda.speech.words.transcript import Transcriber

log = logging.getLogger(__name__)
T = TypeVar("T")
PROMPT_RATE = 8000  # Hz: what the telephone asks for
_SPARE_SLOTS = 2  # of NeMo's: a stream that has just ended frees its slot within the next step
_KEEPALIVE_S, _KEEPALIVE_ANSWER_S = 10.0, 5.0
_LAG_EVERY_S = 0.1


class StartError(Exception):
    """The server cannot start. The text says why, where, and what to do."""


def grpc_options(
    keepalive_s: float = _KEEPALIVE_S, answer_s: float = _KEEPALIVE_ANSWER_S
) -> list[tuple[str, int]]:
    """A client's machine that has vanished does not say so: who does not answer a ping loses its slots."""
    return [
        ("grpc.max_receive_message_length", 64_000_000),
        ("grpc.so_reuseport", 0),
        ("grpc.keepalive_time_ms", round(keepalive_s * 1000)),
        ("grpc.keepalive_timeout_ms", round(answer_s * 1000)),
        (
            "grpc.http2.ping_timeout_ms",
            round(answer_s * 1000),
        ),  # what ends the connection
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", 1000),  # clients ping too, the gateway every 10 s
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 1000),
    ]


class SpeechServer:
    """Both services and their listeners."""

    def __init__(self, settings: SpeechSettings, settings_path: str = "settings/speech.yml") -> None:
        """`settings_path` is only named in messages."""
        self._settings, self._path = settings, settings_path
        self.metrics = Metrics(versions(settings))
        self._not_ready: str | None = "loading the models"
        recogniser = settings.recogniser
        bounds = Bounds(
            recogniser.max_streams,
            recogniser.max_batch,
            recogniser.most_load,
            recogniser.most_wait_ms / 1000,
        )
        self.recogniser = Recogniser(
            self._make_recogniser,
            recogniser.max_streams,
            recogniser.max_batch,
            recogniser.gather_ms / 1000,
            self.metrics,
            bounds,
        )
        self.cache = PromptCache(Path(settings.prompts.folder), settings.prompts.memory_mb * 1_000_000)
        self.synthesiser = Synthesiser(self._make_voice, settings.voice, self.cache, self.metrics)
        self._grpc = grpc.aio.server(options=grpc_options())
        # a character of text takes up to 12 bytes in JSON
        longest = settings.voice.max_text_chars * 12 + 4096
        self._http = HttpApi(self.why_not_ready, self.metrics, settings.server.http_tokens, longest)
        self._prompt_voices = settings.prompts.voices or ("",)
        self._tasks: list[asyncio.Task[None]] = []
        self.grpc_port = 0

    def check(self) -> None:
        """What can be known before the slow part. Raises ModelError, StartError."""
        model_files.check_recogniser(self._settings.recogniser, self._path)
        model_files.check_voice(self._settings.voice, self._path)

    async def start(self) -> None:
        """Load the models and listen. Raises StartError."""
        started = time.monotonic()
        server = self._settings.server
        try:
            await self._http.start(server.host, server.http_port)
        except OSError as error:
            raise StartError(
                _port_taken(self._path, "server.http_port", server.host, server.http_port, error)
            ) from None
        hearing, voice = self.recogniser.begin(), self.synthesiser.begin()
        model = await self._wait(hearing, "recogniser.model", self._settings.recogniser.model)
        transcriber = await asyncio.to_thread(self._make_transcriber, model.syllables)
        speaker = await self._wait(voice, "voice.acoustic_model", self._settings.voice.acoustic_model)
        missing = await self._load_prompts()
        hotwords = self._load_hotwords(transcriber)
        # not before: loading would slow the steps down that are measured
        await self._wait(self.recogniser.measure(), "recogniser.model", self._settings.recogniser.model)
        self._serve(model, transcriber, speaker, hotwords)
        await self._grpc.start()
        gc.freeze()  # models and lexicon are for good; the collector need not walk them again
        self._not_ready = None
        log.info(
            "ready after %.1f s on %s:%d: %s recogniser at %d Hz, voice at %d Hz, %d prompt clauses",
            time.monotonic() - started, server.host, self.grpc_port, model.kind, model.sample_rate,
            speaker.sample_rate, len(self.cache),
        )  # fmt: skip
        self._tasks = [
            asyncio.create_task(self._make_prompts(missing)),
            asyncio.create_task(self._watch_loop()),
        ]

    async def wait(self) -> None:
        """Until the server is stopped."""
        await self._grpc.wait_for_termination()

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Let nobody new in, and end when what runs has ended, at the latest after `server.drain_s`; at once
        when `hurry` is set."""
        self._not_ready = STOPPING
        self.recogniser.close()
        for task in self._tasks:
            task.cancel()
        drain_s = self._settings.server.drain_s
        log.info("stopping: %d streams, %.0f s at most", self.recogniser.open_streams, drain_s)
        # gRPC takes no new connections from here on, and tells those that are open to go elsewhere.
        draining = asyncio.gather(self._grpc.stop(drain_s), self._http.drain(drain_s))
        hurried = asyncio.ensure_future((hurry or asyncio.Event()).wait())
        either: list[asyncio.Future[Any]] = [draining, hurried]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not draining.done():
            await self._grpc.stop(0)
            draining.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await draining
        await self._http.stop()
        await asyncio.to_thread(self.recogniser.stop)
        await asyncio.to_thread(self.synthesiser.stop)

    def why_not_ready(self) -> str | None:
        """For /health."""
        if self._not_ready is None and not (self.recogniser.alive and self.synthesiser.alive):
            return "a model's thread has ended"
        # to who asks whether to send calls here, or to start it again; it goes on by itself if the step ends
        if self._not_ready is None and self.recogniser.stepping_s > self._settings.recogniser.step_deadline_s:
            return "a step of the recogniser does not end"
        return self._not_ready

    def _serve(
        self, model: StreamingModel, transcriber: Transcriber, speaker: VoiceModel, hotwords: Hotwords
    ) -> None:
        settings = self._settings
        streams = Hearing(self.recogniser, model, transcriber, settings.recogniser, self.metrics, hotwords)
        self._http.open(streams, self.synthesiser)
        hearing = RivaRecognition(streams, self.metrics)
        language = settings.recogniser.language
        voice = RivaSynthesis(self.synthesiser, speaker.sample_rate, language, self.metrics)
        riva_asr_pb2_grpc.add_RivaSpeechRecognitionServicer_to_server(hearing, self._grpc)
        riva_tts_pb2_grpc.add_RivaSpeechSynthesisServicer_to_server(voice, self._grpc)
        server = settings.server
        try:
            self.grpc_port = self._grpc.add_insecure_port(f"{server.host}:{server.grpc_port}")
        except RuntimeError as error:
            raise StartError(
                _port_taken(self._path, "server.grpc_port", server.host, server.grpc_port, error)
            ) from None

    async def _wait(self, loading: Future[T], key: str, value: str) -> T:
        try:
            return await asyncio.wrap_future(loading)
        except Exception as error:
            log.debug("loading failed", exc_info=error)
            raise StartError(model_files.unusable(value, key, self._path, error)) from error

    def _make_transcriber(self, syllables: bool) -> Transcriber:
        try:
            return transcript.for_model(syllables, self._settings.recogniser.lexicon)
        except LexiconError as error:
            raise StartError(f"{self._path}: key 'recogniser.lexicon': {error}") from None

    def _load_hotwords(self, transcriber: Transcriber) -> Hotwords:
        path = self._settings.recogniser.hotwords_file
        try:
            return Hotwords(Path(path) if path else None, transcriber.sounds, self.metrics)
        except HotwordError as error:
            raise StartError(f"{self._path}: key 'recogniser.hotwords_file': {error}") from None

    async def _load_prompts(self) -> list[str]:
        """Takes prompts from the disk; gives those that are not there."""
        prompts = self._settings.prompts
        try:
            texts = prompt_cache.fixed_texts(prompts.texts, prompts.domain_file)
        except ValueError as error:
            raise StartError(f"{self._path}: key 'prompts.domain_file': {error}") from None
        missing = await asyncio.to_thread(
            self.synthesiser.load_prompts, texts, PROMPT_RATE, self._prompt_voices
        )
        self._count_prompts()
        return missing

    async def _make_prompts(self, missing: list[str]) -> None:
        """While calls are taken already: the others' clauses go first."""
        if missing:
            log.info("synthesising %d fixed prompts in the background", len(missing))
        for text in missing:
            await self.synthesiser.fix_prompts([text], PROMPT_RATE, self._prompt_voices)
            self._count_prompts()
        try:
            old = await asyncio.to_thread(self.cache.tidy)
        except OSError as error:
            log.warning("old prompts stay in %s: %s", self._settings.prompts.folder, error)
            return
        if missing or old:
            log.info("fixed prompts: %d clauses held, %d old ones deleted", len(self.cache), old)

    def _count_prompts(self) -> None:
        self.metrics.gauge("speech_prompt_clauses", len(self.cache))

    async def _watch_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_EVERY_S
            await asyncio.sleep(_LAG_EVERY_S)
            self.recogniser.lagged(max(0.0, loop.time() - due))

    def _make_recogniser(self) -> StreamingModel:
        settings, started = self._settings.recogniser, time.monotonic()
        model = families.make_recogniser(settings, settings.max_streams + _SPARE_SLOTS)
        log.info("recogniser loaded in %.1f s", time.monotonic() - started)
        return model

    def _make_voice(self) -> VoiceModel:
        started = time.monotonic()
        model = voices.make_model(self._settings.voice, families.make_voice)
        log.info("voice loaded in %.1f s", time.monotonic() - started)
        return model


def versions(settings: SpeechSettings) -> Versions:
    """What the metrics name the models by; several models that speak are joined by "+"."""
    voice = settings.voice
    pairs = [voice.models_of(one) for one in voice.voices]
    spoken = dict.fromkeys(model for pair in pairs for model in pair if model)
    return Versions(
        model_files.version(settings.recogniser.model), "+".join(map(model_files.version, spoken))
    )


def _port_taken(path: str, key: str, host: str, port: int, error: Exception) -> str:
    return f"{path}: key '{key}': cannot listen on {host}:{port} ({error}); change it or end what listens"
