"""The recognition half of NVIDIA Riva's gRPC API (riva_asr.proto), on our recogniser."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import grpc
from riva.client.proto import riva_asr_pb2 as pb
from riva.client.proto import riva_asr_pb2_grpc, riva_audio_pb2

from yingda.speech.api import refusals
from yingda.speech.api.refusals import BadRequest, Why
from yingda.speech.hearing.recogniser import StreamOptions
from yingda.speech.hearing.streams import MOST_ALTERNATIVES, Heard, Hearing, Stream, Wanted, check_format
from yingda.speech.metrics import Metrics

_WAV_FORMATS = {(1, 16): "LINEAR_PCM", (6, 8): "ALAW", (7, 8): "MULAW"}  # by bits of a sample
# What the event loop can make ready without the other streams noticing, as over the WebSocket.
MOST_PHRASES, MOST_PHRASE_CHARS = 1000, 64_000
IDLE_S = 120.0  # of a client that is there and sends nothing; some open a stream while it still rings
RESUMED = "yingda-resumed"  # metadata of a stream that goes on after one that broke off
RETRY_AFTER = "retry-pushback-ms"  # trailing metadata of a refusal
_STATUSES = {
    Why.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    Why.TOO_LONG: grpc.StatusCode.INVALID_ARGUMENT,
    Why.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Why.STOPPING: grpc.StatusCode.UNAVAILABLE,
    Why.SLOW: grpc.StatusCode.DEADLINE_EXCEEDED,
    Why.BROKEN: grpc.StatusCode.INTERNAL,
}


def encoding_name(encoding: int, rate: int) -> str:
    """Our name of a Riva encoding. Raises BadRequest for an encoding or a rate that is not served."""
    name = {0: "LINEAR_PCM"}.get(encoding) or riva_audio_pb2.AudioEncoding.Name(encoding)
    check_format(name, rate)
    return name


def read_options(config: pb.RecognitionConfig) -> StreamOptions:
    """A stream's options. Raises BadRequest."""
    if config.audio_channel_count > 1:
        raise BadRequest(f"audio_channel_count is {config.audio_channel_count}; send one channel a stream")
    boosts = tuple((p, float(c.boost)) for c in config.speech_contexts for p in c.phrases if p.strip())
    if len(boosts) > MOST_PHRASES or sum(len(phrase) for phrase, _ in boosts) > MOST_PHRASE_CHARS:
        most = f"at most {MOST_PHRASES} phrases with {MOST_PHRASE_CHARS} characters together"
        raise BadRequest(f"speech_contexts: got {len(boosts)} phrases, expected {most}")
    if not all(math.isfinite(boost) for _, boost in boosts):
        raise BadRequest("speech_contexts: got a boost that is no number, expected 0-20")
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
            form, channels, rate, bits = struct.unpack_from("<HHI6xH", data, at + 8)
            if (form, bits) not in _WAV_FORMATS or channels != 1:
                raise BadRequest("WAV files must hold one channel of 16-bit PCM, A-law or mu-law")
            encoding = _WAV_FORMATS[form, bits]
        elif name == b"data":
            return data[at + 8 : at + 8 + size], encoding, rate
        at += 8 + size + size % 2
    raise BadRequest("the WAV file has no data")


class RivaRecognition(riva_asr_pb2_grpc.RivaSpeechRecognitionServicer):
    """RivaSpeechRecognition: StreamingRecognize, Recognize, GetRivaSpeechRecognitionConfig."""

    def __init__(self, hearing: Hearing, metrics: Metrics, idle_s: float = IDLE_S) -> None:
        """`idle_s`: how long a stream's client may send nothing."""
        self._hearing, self._metrics, self._idle_s = hearing, metrics, idle_s

    async def StreamingRecognize(
        self, requests: AsyncIterator[pb.StreamingRecognizeRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.StreamingRecognizeResponse]:
        """Partials while audio comes in, a final at each end of an utterance and at the end of the audio."""
        self._metrics.count("speech_riva_asr_total")
        stream: Stream | None = None
        try:
            incoming = _patiently(requests, self._idle_s)
            first = await anext(incoming, None)
            if first is None or first.WhichOneof("streaming_request") != "streaming_config":
                raise BadRequest("the first message of a stream must be its streaming_config")
            wanted = first.streaming_config
            stream = self._open(wanted.config, wanted.interim_results, _is_resumed(context))
            await context.send_initial_metadata(())  # tells the client that it is let in
            async for request in incoming:
                async for heard in stream.feed(request.audio_content):
                    yield _response(heard)
            yield _response(await stream.finish())
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
        self._metrics.count("speech_riva_asr_total")
        stream: Stream | None = None
        try:
            config = pb.RecognitionConfig()
            config.CopyFrom(request.config)
            rate = config.sample_rate_hertz or self._hearing.model.sample_rate
            data, name, rate = strip_wav(request.audio, encoding_name(config.encoding, rate), rate)
            config.encoding, config.sample_rate_hertz = riva_audio_pb2.AudioEncoding.Value(name), rate
            stream = self._open(config, False)
            found = [heard async for heard in stream.feed(data)]
            found.append(await stream.finish())
            results = [
                pb.SpeechRecognitionResult(
                    alternatives=_alternatives(heard), channel_tag=1, audio_processed=heard.end_s
                )
                for heard in found
                if heard.text
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
        model = self._hearing.model
        parameters = {
            "sample_rate": str(model.sample_rate),
            "language_code": self._hearing.settings.language,
            "streaming": "True",
            "type": "online",
            "decoder_type": model.kind,
            "chunk_size": str(model.chunk_samples / model.sample_rate),
        }
        described = pb.RivaSpeechRecognitionConfigResponse.Config(
            model_name=model.name, parameters=parameters
        )
        wanted = request.model_name in ("", model.name)
        return pb.RivaSpeechRecognitionConfigResponse(model_config=[described] if wanted else [])

    def _open(self, config: pb.RecognitionConfig, interim: bool, resumed: bool = False) -> Stream:
        rate = config.sample_rate_hertz or self._hearing.model.sample_rate
        name = encoding_name(config.encoding, rate)
        punctuation = config.enable_automatic_punctuation
        wanted = Wanted(name, rate, read_options(config), interim, punctuation)
        alternatives = min(max(1, config.max_alternatives), MOST_ALTERNATIVES)
        written = not config.verbatim_transcripts  # unset means false, as in Riva: numbers as digits
        return self._hearing.open(
            replace(wanted, is_resumed=resumed, alternatives=alternatives, written=written)
        )


async def _patiently(
    requests: AsyncIterator[pb.StreamingRecognizeRequest], limit_s: float
) -> AsyncIterator[pb.StreamingRecognizeRequest]:
    """A stream's messages. Raises BadRequest when nothing comes for `limit_s`."""
    each = aiter(requests)
    while True:
        try:
            async with asyncio.timeout(limit_s):
                request = await anext(each)
        except StopAsyncIteration:
            return
        except TimeoutError:
            text = f"nothing came for {limit_s:g} s; send audio, or half-close a stream that is at its end"
            raise BadRequest(text) from None
        yield request


def _is_resumed(context: grpc.aio.ServicerContext) -> bool:
    return any(key == RESUMED for key, _ in context.invocation_metadata() or ())


def _alternatives(heard: Heard) -> list[pb.SpeechRecognitionAlternative]:
    texts = ((heard.text, heard.confidence), *heard.others)
    return [pb.SpeechRecognitionAlternative(transcript=text, confidence=sure) for text, sure in texts]


def _response(heard: Heard) -> pb.StreamingRecognizeResponse:
    result = pb.StreamingRecognitionResult(
        alternatives=_alternatives(heard),
        is_final=heard.is_final,
        stability=1.0 if heard.is_final else 0.5,
        channel_tag=1,
        audio_processed=heard.end_s,
    )
    return pb.StreamingRecognizeResponse(results=[result])


async def abort(context: grpc.aio.ServicerContext, error: Exception) -> Any:
    """End a call with the status that fits the error."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    refusal = refusals.explain(error)
    trailing: tuple[tuple[str, str], ...] = ()
    if refusal.retry_after_s is not None:
        trailing = ((RETRY_AFTER, str(round(refusal.retry_after_s * 1000))),)
    await context.abort(_STATUSES[refusal.why], refusal.text, trailing)
