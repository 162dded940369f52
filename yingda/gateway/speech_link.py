"""The link to the speech server: NVIDIA Riva's gRPC API, as a client.

One StreamingRecognize per customer turn, one SynthesizeOnline per sentence.  The link watches its connection;
while the server is gone every request fails at once, so that a call can play its prompts instead of waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import numpy as np
from riva.client.proto import riva_asr_pb2, riva_asr_pb2_grpc, riva_audio_pb2, riva_tts_pb2, riva_tts_pb2_grpc

from yingda.gateway.media_events import Int16Array
from yingda.gateway.settings import SpeechSettings

log = logging.getLogger(__name__)

RATE = 8000
_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]


class SpeechUnavailable(Exception):
    """The speech server is gone or broke off."""


class Recognition:
    """One StreamingRecognize.  ``write``, ``finish`` and ``cancel`` return at once; results come by callback.

    ``on_final`` or ``on_failed`` is called once, unless the stream is cancelled.
    """

    def __init__(
        self,
        stub: riva_asr_pb2_grpc.RivaSpeechRecognitionStub,
        settings: SpeechSettings,
        boost: Sequence[str],
        on_partial: Callable[[str], None],
        on_final: Callable[[str, float], None],
        on_failed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._on_partial, self._on_final, self._on_failed = on_partial, on_final, on_failed
        self._frames: list[Int16Array] = []
        self._audio: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._finished: list[tuple[str, float]] = []
        self._is_half_closed = False
        self._task = asyncio.create_task(self._run(stub, boost))

    def write(self, pcm: Int16Array) -> None:
        """One frame (or more) of 8 kHz audio."""
        self._frames.append(pcm)
        if sum(map(len, self._frames)) * 1000 >= self._settings.send_every_ms * RATE:
            self._flush()

    def finish(self) -> None:
        """No more audio: the final transcript is wanted now."""
        if not self._is_half_closed:
            self._is_half_closed = True
            self._flush()
            self._audio.put_nowait(None)

    def cancel(self) -> None:
        """Drop the stream; nothing is called any more."""
        self._task.cancel()

    def _flush(self) -> None:
        if self._frames:
            self._audio.put_nowait(np.concatenate(self._frames).astype("<i2").tobytes())
            self._frames.clear()

    async def _run(self, stub: riva_asr_pb2_grpc.RivaSpeechRecognitionStub, boost: Sequence[str]) -> None:
        writer: asyncio.Task[None] | None = None
        try:
            stream = stub.StreamingRecognize(timeout=self._settings.max_stream_s)
            writer = asyncio.create_task(self._write_all(stream, boost))
            async for response in stream:
                for result in response.results:
                    self._take(result)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            log.warning("recognition broke off: %s", _reason(error))
            self._on_failed()
        else:
            if not self._finished and not self._is_half_closed:
                self._on_failed()
                return
            self._on_final(*join_finals(self._finished))
        finally:
            if writer is not None:
                writer.cancel()

    async def _write_all(self, stream: Any, boost: Sequence[str]) -> None:
        # A broken stream ends the reader with the reason; the writer has nothing to add.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError):
            await stream.write(self._config(boost))
            while (audio := await self._audio.get()) is not None:
                await stream.write(riva_asr_pb2.StreamingRecognizeRequest(audio_content=audio))
            await stream.done_writing()

    def _config(self, boost: Sequence[str]) -> riva_asr_pb2.StreamingRecognizeRequest:
        contexts = []
        if boost:
            contexts = [riva_asr_pb2.SpeechContext(phrases=list(boost), boost=self._settings.boost)]
        config = riva_asr_pb2.RecognitionConfig(
            encoding=riva_audio_pb2.AudioEncoding.LINEAR_PCM,
            sample_rate_hertz=RATE,
            audio_channel_count=1,
            language_code=self._settings.language,
            max_alternatives=1,
            speech_contexts=contexts,
        )
        streaming = riva_asr_pb2.StreamingRecognitionConfig(config=config, interim_results=True)
        return riva_asr_pb2.StreamingRecognizeRequest(streaming_config=streaming)

    def _take(self, result: Any) -> None:
        if not result.alternatives:
            return
        best = result.alternatives[0]
        text = best.transcript.replace(" ", "")
        if result.is_final:
            self._finished.append((text, float(best.confidence)))
            text = ""
        # The server may end utterances by itself; to us they are one turn until we half-close.
        self._on_partial("".join(t for t, _ in self._finished) + text)


def join_finals(finals: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """One transcript of the finals of a stream; an empty one (often the last) has no confidence."""
    spoken = [(text, confidence) for text, confidence in finals if text]
    return "".join(text for text, _ in spoken), min((c for _, c in spoken), default=0.0)


class SpeechLink:
    """One channel to the speech server for all calls."""

    def __init__(self, settings: SpeechSettings, on_change: Callable[[bool], None]) -> None:
        """``on_change(is_up)`` is called in the event loop when the server comes or goes."""
        self._settings = settings
        self._on_change = on_change
        self.is_up = False
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect; returns at once, ``is_up`` tells when it is."""
        self._channel = grpc.aio.insecure_channel(self._settings.address, options=_OPTIONS)
        self._asr = riva_asr_pb2_grpc.RivaSpeechRecognitionStub(self._channel)
        self._tts = riva_tts_pb2_grpc.RivaSpeechSynthesisStub(self._channel)
        self._watch = asyncio.create_task(self._watch_connection())

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await self._channel.close()

    async def _watch_connection(self) -> None:
        while True:
            state = self._channel.get_state(try_to_connect=True)
            if state is grpc.ChannelConnectivity.READY:
                self._tell(True)
            elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                self._tell(False)
            await self._channel.wait_for_state_change(state)

    def _tell(self, is_up: bool) -> None:
        if is_up != self.is_up:
            self.is_up = is_up
            log.log(
                logging.INFO if is_up else logging.ERROR, "speech server %s", "ready" if is_up else "gone"
            )
            self._on_change(is_up)

    def recognise(
        self,
        boost: Sequence[str],
        on_partial: Callable[[str], None],
        on_final: Callable[[str, float], None],
        on_failed: Callable[[], None],
    ) -> Recognition:
        """Open a recognition stream.  Raises SpeechUnavailable at once while the server is gone."""
        if not self.is_up:
            raise SpeechUnavailable
        return Recognition(self._asr, self._settings, boost, on_partial, on_final, on_failed)

    async def voice_config(self, timeout_s: float) -> Any:
        """The server's RivaSynthesisConfigResponse.  Raises AioRpcError, and SpeechUnavailable at once
        while the server is gone.
        """
        if not self.is_up:
            raise SpeechUnavailable
        return await self._tts.GetRivaSynthesisConfig(
            riva_tts_pb2.RivaSynthesisConfigRequest(), timeout=timeout_s
        )

    async def synthesise(self, text: str) -> AsyncIterator[Int16Array]:
        """8 kHz audio of ``text``, piece by piece.  Raises SpeechUnavailable."""
        if not self.is_up:
            raise SpeechUnavailable
        request = riva_tts_pb2.SynthesizeSpeechRequest(
            text=text,
            language_code=self._settings.language,
            encoding=riva_audio_pb2.AudioEncoding.LINEAR_PCM,
            sample_rate_hz=RATE,
            voice_name=self._settings.voice,
        )
        odd = b""
        try:
            # The name keeps the call alive: grpc.aio cancels a call that nobody refers to.
            stream = self._tts.SynthesizeOnline(iter([request]), timeout=self._settings.synthesis_timeout_s)
            async for response in stream:
                data = odd + response.audio
                whole = len(data) - len(data) % 2
                odd = data[whole:]
                if whole:
                    yield np.frombuffer(data[:whole], dtype="<i2").astype(np.int16)
        except grpc.aio.AioRpcError as error:
            raise SpeechUnavailable(_reason(error)) from error
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            # grpc.aio raises this too when the call is cancelled by the other side.
            raise SpeechUnavailable("cancelled") from error


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _reason(error: BaseException) -> str:
    return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__
