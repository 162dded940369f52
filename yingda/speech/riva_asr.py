"""The recognition half of NVIDIA Riva's gRPC API (riva_asr.proto), on our recogniser."""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
from riva.client.proto import riva_asr_pb2 as pb
from riva.client.proto import riva_asr_pb2_grpc, riva_audio_pb2

from yingda.speech import audio
from yingda.speech.audio import Float
from yingda.speech.metrics import Metrics
from yingda.speech.recogniser import (
    Recogniser,
    StepRequest,
    StepResult,
    StreamingModel,
    StreamOptions,
    TooManyStreams,
)
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.transcript import Transcriber, Transcript

log = logging.getLogger(__name__)
LOWEST_RATE, HIGHEST_RATE = 8000, 48000
_WAV_FORMATS = {1: "LINEAR_PCM", 6: "ALAW", 7: "MULAW"}


class BadRequest(ValueError):
    """The request cannot be served as it is; the text is for the client."""


def encoding_name(encoding: int, rate: int) -> str:
    """Our name of a Riva encoding. Raises BadRequest for an encoding or a rate that is not served."""
    name = {0: "LINEAR_PCM"}.get(encoding) or riva_audio_pb2.AudioEncoding.Name(encoding)
    if name not in audio.ENCODINGS:
        raise BadRequest(f"encoding {name} is not served; use one of: {', '.join(audio.ENCODINGS)}")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise BadRequest(f"sample rate {rate} Hz is not served; use 8000 or 16000 (up to {HIGHEST_RATE})")
    return name


def read_options(config: pb.RecognitionConfig) -> StreamOptions:
    """A stream's options. Raises BadRequest."""
    if config.audio_channel_count > 1:
        raise BadRequest(f"audio_channel_count is {config.audio_channel_count}; send one channel a stream")
    boosts = tuple((p, float(c.boost)) for c in config.speech_contexts for p in c.phrases if p.strip())
    ending = config.endpointing_config
    endpoint = ending.stop_history_eou or ending.stop_history or None
    return StreamOptions(language=config.language_code or None, endpoint_ms=endpoint, boosts=boosts)


def strip_wav(data: bytes, encoding: str, rate: int) -> tuple[bytes, str, int]:
    """Samples, encoding and rate of a WAV file, or what was given for bare samples. Raises BadRequest."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return data, encoding, rate
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt " and at + 24 <= len(data):
            form, channels, rate = struct.unpack_from("<HHI", data, at + 8)
            if form not in _WAV_FORMATS or channels != 1:
                raise BadRequest("WAV files must hold one channel of 16-bit PCM, A-law or mu-law")
            encoding = _WAV_FORMATS[form]
        elif name == b"data":
            return data[at + 8 : at + 8 + size], encoding, rate
        at += 8 + size + size % 2
    raise BadRequest("the WAV file has no data")


class RecognitionStream:
    """One client's audio on its way into the model, chunk by chunk."""

    def __init__(
        self,
        recogniser: Recogniser,
        model: StreamingModel,
        settings: Settings,
        encoding: str,
        rate: int,
        options: StreamOptions,
    ) -> None:
        """Take a slot. Raises TooManyStreams."""
        self._recogniser, self._model, self._settings = recogniser, model, settings
        self._encoding, self._rate, self._options = encoding, rate, options
        self._resampler = audio.StreamResampler(rate, model.sample_rate)
        self._odd = b""
        self._held: Float = np.zeros(0, np.float32)
        self._begun = self._ended = False
        self.seconds = 0.0
        self._number = recogniser.open()

    async def feed(self, data: bytes) -> AsyncIterator[StepResult]:
        """Audio as it came; a result for each model step it fills. Raises BadRequest, TimeoutError."""
        if self._encoding == "LINEAR_PCM":
            data = self._odd + data
            whole = len(data) // 2 * 2
            self._odd, data = data[whole:], data[:whole]
        pcm = audio.decode(data, self._encoding)
        self.seconds += len(pcm) / self._rate
        if self.seconds > self._settings.max_audio_s:
            raise BadRequest(f"the stream is longer than {self._settings.max_audio_s} s")
        self._held = np.concatenate([self._held, self._resampler.feed(audio.to_float(pcm))])
        size = self._model.chunk_samples
        while len(self._held) >= size:
            chunk, self._held = self._held[:size], self._held[size:]
            yield await self._step(chunk, last=False)

    async def finish(self) -> StepResult:
        """The end of the audio: flush what is held, padded with silence, and free the slot."""
        rest = np.concatenate([self._held, self._resampler.feed(np.zeros(0, np.float32), last=True)])
        size = self._model.chunk_samples
        while len(rest) > size:
            await self._step(rest[:size], last=False)
            rest = rest[size:]
        return await self._step(np.pad(rest, (0, size - len(rest))), last=True)

    def close(self) -> None:
        """Free the slot if it is still held: the client has gone or failed."""
        if not self._ended:
            self._ended = True
            self._recogniser.abandon(self._number, self._begun)

    async def _step(self, samples: Float, last: bool) -> StepResult:
        request = StepRequest(
            self._number, np.ascontiguousarray(samples), not self._begun, last, self._options
        )
        self._begun = True
        future = self._recogniser.submit(request)
        self._ended = last
        return await asyncio.wait_for(asyncio.wrap_future(future), self._settings.step_deadline_s)


class RivaRecognition(riva_asr_pb2_grpc.RivaSpeechRecognitionServicer):
    """RivaSpeechRecognition: StreamingRecognize, Recognize, GetRivaSpeechRecognitionConfig."""

    def __init__(
        self,
        recogniser: Recogniser,
        model: StreamingModel,
        transcriber: Transcriber,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        """`recogniser` has loaded `model`."""
        self._recogniser, self._model, self._transcriber = recogniser, model, transcriber
        self._settings, self._metrics = settings, metrics

    async def StreamingRecognize(
        self, requests: AsyncIterator[pb.StreamingRecognizeRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.StreamingRecognizeResponse]:
        """Partials while audio comes in, a final at each end of an utterance and at the end of the audio."""
        stream: RecognitionStream | None = None
        try:
            first = await anext(aiter(requests), None)
            if first is None or first.WhichOneof("streaming_request") != "streaming_config":
                raise BadRequest("the first message of a stream must be its streaming_config")
            wanted = first.streaming_config
            stream = self._open(wanted.config)
            reader = _Reader(self._transcriber, wanted.config, self._metrics)
            async for request in requests:
                async for result in stream.feed(request.audio_content):
                    for response in reader.read(result, stream.seconds, wanted.interim_results):
                        yield response
            ended = time.monotonic()
            result = await stream.finish()
            yield reader.last(result, stream.seconds)
            self._metrics.observe("speech_final_seconds", time.monotonic() - ended)
        except Exception as error:
            self._metrics.count("speech_refused_total")
            await abort(context, error)
        finally:
            if stream is not None:
                stream.close()

    async def Recognize(
        self, request: pb.RecognizeRequest, context: grpc.aio.ServicerContext
    ) -> pb.RecognizeResponse:
        """Whole recordings, WAV or bare samples, on the same model and batches as the streams."""
        stream: RecognitionStream | None = None
        try:
            config = pb.RecognitionConfig()
            config.CopyFrom(request.config)
            name = encoding_name(config.encoding, config.sample_rate_hertz or self._model.sample_rate)
            data, name, rate = strip_wav(
                request.audio, name, config.sample_rate_hertz or self._model.sample_rate
            )
            config.encoding, config.sample_rate_hertz = riva_audio_pb2.AudioEncoding.Value(name), rate
            stream = self._open(config)
            reader = _Reader(self._transcriber, config, self._metrics)
            found = []
            async for result in stream.feed(data):
                found += reader.read(result, stream.seconds, False)
            found.append(reader.last(await stream.finish(), stream.seconds))
            results = [
                pb.SpeechRecognitionResult(
                    alternatives=r.results[0].alternatives, channel_tag=1, audio_processed=stream.seconds
                )
                for r in found
                if r.results[0].alternatives[0].transcript
            ]
            return pb.RecognizeResponse(results=results)
        except Exception as error:
            self._metrics.count("speech_refused_total")
            await abort(context, error)
            raise
        finally:
            if stream is not None:
                stream.close()

    async def GetRivaSpeechRecognitionConfig(
        self, request: pb.RivaSpeechRecognitionConfigRequest, context: grpc.aio.ServicerContext
    ) -> pb.RivaSpeechRecognitionConfigResponse:
        """The one model, described as Riva describes its own."""
        parameters = {
            "sample_rate": str(self._model.sample_rate),
            "language_code": self._settings.language,
            "streaming": "True",
            "type": "online",
            "decoder_type": self._model.kind,
            "chunk_size": str(self._model.chunk_samples / self._model.sample_rate),
        }
        described = pb.RivaSpeechRecognitionConfigResponse.Config(
            model_name=self._model.name, parameters=parameters
        )
        wanted = request.model_name in ("", self._model.name)
        return pb.RivaSpeechRecognitionConfigResponse(model_config=[described] if wanted else [])

    def _open(self, config: pb.RecognitionConfig) -> RecognitionStream:
        rate = config.sample_rate_hertz or self._model.sample_rate
        name = encoding_name(config.encoding, rate)
        return RecognitionStream(
            self._recogniser, self._model, self._settings, name, rate, read_options(config)
        )


class _Reader:
    """Model results of one stream to responses."""

    def __init__(self, transcriber: Transcriber, config: pb.RecognitionConfig, metrics: Metrics) -> None:
        self._transcriber = transcriber
        self._boosts = transcriber.prepare(read_options(config).boosts)
        self._punctuation = config.enable_automatic_punctuation
        self._metrics = metrics
        self._partial = ""
        self._spoke = False

    def read(self, result: StepResult, seconds: float, interim: bool) -> list[pb.StreamingRecognizeResponse]:
        """What is new: a final, a partial, or nothing."""
        if result.final:
            self._partial = ""
            return [self.last(result, seconds)]
        if not result.partial or result.partial == self._partial:
            return []
        self._partial = result.partial
        if not self._spoke:
            self._spoke = True
            self._metrics.observe("speech_first_partial_seconds", seconds)
        if not interim:
            return []
        said = self._transcriber.read(result.partial, result.confidence, self._boosts, self._punctuation)
        return [_response(said, False, seconds)] if said.text else []

    def last(self, result: StepResult, seconds: float) -> pb.StreamingRecognizeResponse:
        """The final response; its transcript is empty when nothing was said."""
        self._metrics.count("speech_recognised_total")
        said = self._transcriber.read(result.final, result.confidence, self._boosts, self._punctuation)
        return _response(said, True, seconds)


def _response(said: Transcript, final: bool, seconds: float) -> pb.StreamingRecognizeResponse:
    alternative = pb.SpeechRecognitionAlternative(transcript=said.text, confidence=said.confidence)
    result = pb.StreamingRecognitionResult(
        alternatives=[alternative],
        is_final=final,
        stability=1.0 if final else 0.5,
        channel_tag=1,
        audio_processed=seconds,
    )
    return pb.StreamingRecognizeResponse(results=[result])


async def abort(context: grpc.aio.ServicerContext, error: Exception) -> Any:
    """End a call with the status that fits the error."""
    code, text = grpc.StatusCode.INTERNAL, "the speech server failed; see its log"
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if isinstance(error, ValueError):
        code, text = grpc.StatusCode.INVALID_ARGUMENT, str(error)
    elif type(error).__name__ in ("TooManyStreams", "TooBusy"):
        code, text = grpc.StatusCode.RESOURCE_EXHAUSTED, str(error)
    elif isinstance(error, (TimeoutError, asyncio.TimeoutError, asyncio.CancelledError)):
        code, text = grpc.StatusCode.DEADLINE_EXCEEDED, "the model was too slow"
    else:
        log.error("a request failed", exc_info=error)
    await context.abort(code, text)


__all__ = ["BadRequest", "RivaRecognition", "TooManyStreams", "abort", "encoding_name"]
