"""The synthesis half of NVIDIA Riva's gRPC API (riva_tts.proto), on our voice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import numpy as np
from riva.client.proto import riva_tts_pb2 as pb
from riva.client.proto import riva_tts_pb2_grpc

from yingda.speech import audio
from yingda.speech.api.refusals import BadRequest
from yingda.speech.api.riva_asr import abort, encoding_name
from yingda.speech.metrics import Metrics
from yingda.speech.voice.manner import Manner
from yingda.speech.voice.synthesiser import Synthesiser


class RivaSynthesis(riva_tts_pb2_grpc.RivaSpeechSynthesisServicer):
    """RivaSpeechSynthesis: Synthesize, SynthesizeOnline, GetRivaSynthesisConfig."""

    def __init__(self, synthesiser: Synthesiser, sample_rate: int, language: str, metrics: Metrics) -> None:
        """`sample_rate`: the voices' own, in Hz; used when a request names none."""
        self._synthesiser = synthesiser
        self._rate, self._language, self._metrics = sample_rate, language, metrics

    async def Synthesize(
        self, request: pb.SynthesizeSpeechRequest, context: grpc.aio.ServicerContext
    ) -> pb.SynthesizeSpeechResponse:
        """A whole text in one answer."""
        self._metrics.count("speech_riva_tts_total")
        try:
            name, rate, manner = self._check(request)
            spoken = [part async for part in self._synthesiser.say(request.text, rate, manner)]
            pcm = np.concatenate([part.pcm for part in spoken]) if spoken else np.zeros(0, np.int16)
            meta = pb.SynthesizeSpeechResponseMetadata(
                text=request.text, processed_text="".join(part.text for part in spoken)
            )
            return pb.SynthesizeSpeechResponse(audio=audio.encode(pcm, name), meta=meta)
        except Exception as error:
            self._metrics.count("speech_refused_total")
            await abort(context, error)
            raise

    async def SynthesizeOnline(
        self,
        requests: AsyncIterator[pb.SynthesizeSpeechRequest] | pb.SynthesizeSpeechRequest,
        context: grpc.aio.ServicerContext,
    ) -> AsyncIterator[pb.SynthesizeSpeechResponse]:
        """One answer a clause, as soon as it is spoken; for one request or a stream of them."""
        try:
            async for request in _each(requests):
                self._metrics.count("speech_riva_tts_total")
                name, rate, manner = self._check(request)
                async for part in self._synthesiser.say(request.text, rate, manner):
                    meta = pb.SynthesizeSpeechResponseMetadata(text=request.text, processed_text=part.text)
                    yield pb.SynthesizeSpeechResponse(audio=audio.encode(part.pcm, name), meta=meta)
        except Exception as error:
            self._metrics.count("speech_refused_total")
            await abort(context, error)

    async def GetRivaSynthesisConfig(
        self, request: pb.RivaSynthesisConfigRequest, context: grpc.aio.ServicerContext
    ) -> pb.RivaSynthesisConfigResponse:
        """Every voice, the default one first, described as Riva describes its own."""
        wanted = [name for name in self._synthesiser.voices if request.model_name in ("", name)]
        return pb.RivaSynthesisConfigResponse(model_config=[self._described(name) for name in wanted])

    def _described(self, voice: str) -> pb.RivaSynthesisConfigResponse.Config:
        parameters = {
            "sample_rate": str(self._rate),
            "language_code": self._language,
            "voice_name": voice,
            "streaming": "True",
            "model_version": self._synthesiser.version(voice),  # changes when kept audio is to be made anew
        }
        return pb.RivaSynthesisConfigResponse.Config(model_name=voice, parameters=parameters)

    def _check(self, request: pb.SynthesizeSpeechRequest) -> tuple[str, int, Manner]:
        rate = request.sample_rate_hz or self._rate
        name = encoding_name(request.encoding, rate)
        self._synthesiser.check(request.text)
        if request.language_code and request.language_code.split("-")[0].lower() not in ("zh", "cmn"):
            raise BadRequest(
                f"language {request.language_code!r} is not spoken; the voice speaks {self._language}"
            )
        if request.HasField("zero_shot_data"):
            raise BadRequest("zero_shot_data is not served: the voice cannot be cloned")
        return name, rate, Manner(voice=request.voice_name)


async def _each(
    requests: AsyncIterator[pb.SynthesizeSpeechRequest] | pb.SynthesizeSpeechRequest,
) -> AsyncIterator[pb.SynthesizeSpeechRequest]:
    if isinstance(requests, pb.SynthesizeSpeechRequest):
        yield requests
        return
    async for request in requests:
        yield request
