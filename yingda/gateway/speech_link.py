"""The link to the speech server: NVIDIA Riva's gRPC API, as a client.

One StreamingRecognize per customer turn, one SynthesizeOnline per sentence.  The link watches its connection;
while the server is gone every request fails at once, so that a call can play its prompts instead of waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import numpy as np
from riva.client.proto import riva_asr_pb2, riva_asr_pb2_grpc, riva_audio_pb2, riva_tts_pb2, riva_tts_pb2_grpc

from yingda.gateway.media_events import Int16Array
from yingda.gateway.replay import Patience, TurnAudio
from yingda.gateway.settings import SpeechSettings

log = logging.getLogger(__name__)

RATE = 8000
_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # what ends the connection; 60 s unless set
]
_MESSAGE_S = 0.32  # of audio in a message that repeats what another connection has heard
_RESUMED, _PUSHBACK = "yingda-resumed", "retry-pushback-ms"  # our server's metadata; others ignore the one
_COME_AGAIN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_CROSSED = (
    "Internal error from Core"  # grpc.aio, when a message crosses the end of its stream; why it ended is lost
)


class SpeechUnavailable(Exception):
    """The speech server is gone or broke off."""


class Recognition:
    """One customer turn, over one StreamingRecognize or, when it breaks off, over several: the audio that no
    final has covered is sent again.  ``write``, ``finish`` and ``cancel`` return at once; results come by
    callback.

    ``on_final`` or ``on_failed`` is called once, unless the stream is cancelled.
    """

    def __init__(
        self,
        link: SpeechLink,
        settings: SpeechSettings,
        boost: Sequence[str],
        on_partial: Callable[[str], None],
        on_final: Callable[[str, float], None],
        on_failed: Callable[[], None],
    ) -> None:
        self._link, self._settings, self._boost = link, settings, boost
        self._on_partial, self._on_final, self._on_failed = on_partial, on_final, on_failed
        self._frames: list[Int16Array] = []
        self._audio = TurnAudio(RATE)
        self._patience = Patience(settings.reconnect_s)
        self._has_more = asyncio.Event()
        self._finished: list[tuple[str, float]] = []
        self._is_half_closed = self._is_resumed = False
        self._task = asyncio.create_task(self._run())

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
            self._has_more.set()

    def cancel(self) -> None:
        """Drop the stream; nothing is called any more."""
        self._task.cancel()

    def _flush(self) -> None:
        if self._frames:
            self._audio.write(np.concatenate(self._frames).astype("<i2").tobytes())
            self._frames.clear()
            self._has_more.set()

    async def _run(self) -> None:
        while True:
            self._patience.trying(time.monotonic())
            error = await self._recognise()
            if error is None or (self._is_half_closed and self._finished and self._audio.is_covered):
                break
            if not await self._may_go_on(error):
                self._on_failed()
                return
        if not self._finished and not self._is_half_closed:
            self._on_failed()
            return
        self._on_final(*join_finals(self._finished))

    async def _recognise(self) -> BaseException | None:
        """One connection's worth; what broke it off, or None when it ended as it should."""
        writer: asyncio.Task[None] | None = None
        try:
            metadata = ((_RESUMED, "1"),) if self._is_resumed else None
            config = self._config(self._boost)
            stream = self._link.open_stream(self._settings.max_stream_s, metadata)
            writer = asyncio.create_task(self._write_all(stream, config))
            async for response in stream:
                for result in response.results:
                    self._take(result)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            return error
        except Exception as error:  # a fault of ours; without a word to it the call would wait for ever
            log.error("recognition failed", exc_info=error)
            return error
        finally:
            if writer is not None:
                writer.cancel()
        return None

    async def _may_go_on(self, error: BaseException) -> bool:
        """Wait for the server, as long as a caller would; False when the turn's words are lost."""
        wait_s = None
        if _may_come_again(error):
            wait_s = self._patience.broke(time.monotonic(), _pushback_s(error))
        log.warning("recognition broke off: %s%s", _reason(error), "" if wait_s is None else "; trying again")
        if wait_s is None:
            return False
        await asyncio.sleep(wait_s)
        # The link tells the call when the server is gone for good, which cancels us: wait a little longer.
        if not await self._link.wait_until_connected(self._patience.left_s(time.monotonic()) + 0.25):
            return False
        self._is_resumed = True
        return self._audio.connect()

    async def _write_all(self, stream: Any, config: riva_asr_pb2.StreamingRecognizeRequest) -> None:
        # A broken stream ends the reader with the reason; the writer has nothing to add.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError):
            await stream.write(config)
            while True:
                self._has_more.clear()
                if audio := self._audio.take(_MESSAGE_S):
                    await stream.write(riva_asr_pb2.StreamingRecognizeRequest(audio_content=audio))
                elif self._is_half_closed:
                    break
                else:
                    await self._has_more.wait()
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
            verbatim_transcripts=True,  # the dialogue's own numerals read spoken numbers
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
            self._audio.final(result.audio_processed)
            self._finished.append((text, float(best.confidence)))
            text = ""
        elif not self._audio.partial(result.audio_processed):
            return
        # The server may end utterances by itself; to us they are one turn until we half-close.
        self._on_partial("".join(t for t, _ in self._finished) + text)


def join_finals(finals: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """One transcript of the finals of a stream; an empty one (often the last) has no confidence."""
    spoken = [(text, confidence) for text, confidence in finals if text]
    return "".join(text for text, _ in spoken), min((c for _, c in spoken), default=0.0)


class SpeechLink:
    """One channel to the speech server for all calls.

    A server that comes back within ``reconnect_s``, or another one at its address, was never gone for the
    calls: ``is_up`` stays, and requests wait for it.
    """

    def __init__(self, settings: SpeechSettings, on_change: Callable[[bool], None]) -> None:
        """``on_change(is_up)`` is called in the event loop when the server comes or goes."""
        self._settings = settings
        self._on_change = on_change
        self.is_up = False
        self._connected = asyncio.Event()
        self._gone: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect; returns at once, ``is_up`` tells when it is."""
        self._channel = grpc.aio.insecure_channel(self._settings.address, options=_OPTIONS)
        self._asr = riva_asr_pb2_grpc.RivaSpeechRecognitionStub(self._channel)
        self._tts = riva_tts_pb2_grpc.RivaSpeechSynthesisStub(self._channel)
        self._watch = asyncio.create_task(self._watch_connection())

    async def close(self) -> None:
        if self._gone is not None:
            self._gone.cancel()
        if self._watch is not None:
            self._watch.cancel()
            await self._channel.close()

    async def wait_until_connected(self, limit_s: float) -> bool:
        """Whether there is a connection within ``limit_s``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._connected.wait()
        return self._connected.is_set()

    async def _watch_connection(self) -> None:
        while True:
            state = self._channel.get_state(try_to_connect=True)
            if state is grpc.ChannelConnectivity.READY:
                self._on_connected()
            elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                self._on_lost()
            await self._channel.wait_for_state_change(state)

    def _on_connected(self) -> None:
        self._connected.set()
        if self._gone is not None:
            self._gone.cancel()
            self._gone = None
            log.info("speech server there again")
        self._tell(True)

    def _on_lost(self) -> None:
        self._connected.clear()
        if self.is_up and self._gone is None:
            log.warning("speech server lost; waiting %.1f s for it", self._settings.reconnect_s)
            loop = asyncio.get_running_loop()
            self._gone = loop.call_later(self._settings.reconnect_s, self._on_gone)

    def _on_gone(self) -> None:
        self._gone = None
        self._tell(False)

    def _tell(self, is_up: bool) -> None:
        if is_up != self.is_up:
            self.is_up = is_up
            log.log(
                logging.INFO if is_up else logging.ERROR, "speech server %s", "ready" if is_up else "gone"
            )
            self._on_change(is_up)

    def open_stream(self, timeout_s: float, metadata: Any) -> Any:
        """A StreamingRecognize call of gRPC's."""
        return self._asr.StreamingRecognize(timeout=timeout_s, metadata=metadata)

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
        return Recognition(self, self._settings, boost, on_partial, on_final, on_failed)

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
        if not self.is_up or not await self.wait_until_connected(self._settings.reconnect_s):
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


def _may_come_again(error: BaseException) -> bool:
    """Whether another try may end better: not when the server could not bear this turn's audio."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return isinstance(error, (asyncio.InvalidStateError, asyncio.CancelledError))
    return error.code() in _COME_AGAIN or error.details() == _CROSSED


def _pushback_s(error: BaseException) -> float | None:
    """What a server that is full asks its clients to wait."""
    if isinstance(error, grpc.aio.AioRpcError):
        for key, value in error.trailing_metadata() or ():
            if key == _PUSHBACK and str(value).isdecimal():
                return int(value) / 1000
    return None


def _reason(error: BaseException) -> str:
    return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__
