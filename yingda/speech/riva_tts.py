"""The synthesis half of NVIDIA Riva's gRPC API (riva_tts.proto), on our voice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import numpy as np
from riva.client.proto import riva_tts_pb2 as pb
from riva.client.proto import riva_tts_pb2_grpc

from yingda.speech import audio
from yingda.speech.metrics import Metrics
from yingda.speech.refusals import BadRequest
from yingda.speech.riva_asr import abort, encoding_name
from yingda.speech.settings import Voice as Settings
from yingda.speech.synthesiser import Synthesiser


class RivaSynthesis(riva_tts_pb2_grpc.RivaSpeechSynthesisServicer):
    """RivaSpeechSynthesis: Synthesize, SynthesizeOnline, GetRivaSynthesisConfig."""

    def __init__(
        self, synthesiser: Synthesiser, settings: Settings, sample_rate: int, language: str, metrics: Metrics
    ) -> None:
        """`sample_rate`: the voice's own, in Hz; used when a request names none."""
        self._synthesiser, self._settings = synthesiser, settings
        self._rate, self._language, self._metrics = sample_rate, language, metrics

    async def Synthesize(
        self, request: pb.SynthesizeSpeechRequest, context: grpc.aio.ServicerContext
    ) -> pb.SynthesizeSpeechResponse:
        """A whole text in one answer."""
        self._metrics.count("speech_riva_tts_total")
        try:
            name, rate = self._check(request)
            spoken = [part async for part in self._synthesiser.say(request.text, rate)]
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
                name, rate = self._check(request)
                async for part in self._synthesiser.say(request.text, rate):
                    meta = pb.SynthesizeSpeechResponseMetadata(text=request.text, processed_text=part.text)
                    yield pb.SynthesizeSpeechResponse(audio=audio.encode(part.pcm, name), meta=meta)
        except Exception as error:
            self._metrics.count("speech_refused_total")
            await abort(context, error)

    async def GetRivaSynthesisConfig(
        self, request: pb.RivaSynthesisConfigRequest, context: grpc.aio.ServicerContext
    ) -> pb.RivaSynthesisConfigResponse:
        """The one voice, described as Riva describes its own."""
        parameters = {
            "sample_rate": str(self._rate),
            "language_code": self._language,
            "voice_name": self._settings.name,
            "streaming": "True",
            "model_version": self._synthesiser.version,  # changes when kept audio is to be made anew
        }
        described = pb.RivaSynthesisConfigResponse.Config(
            model_name=self._settings.name, parameters=parameters
        )
        wanted = request.model_name in ("", self._settings.name)
        return pb.RivaSynthesisConfigResponse(model_config=[described] if wanted else [])

    def _check(self, request: pb.SynthesizeSpeechRequest) -> tuple[str, int]:
        rate = request.sample_rate_hz or self._rate
        name = encoding_name(request.encoding, rate)
        self._synthesiser.check(request.text)
        if request.voice_name not in ("", "default", self._settings.name):
            raise BadRequest(f"voice {request.voice_name!r} is unknown; there is {self._settings.name!r}")
        if request.language_code and request.language_code.split("-")[0].lower() not in ("zh", "cmn"):
            raise BadRequest(
                f"language {request.language_code!r} is not spoken; the voice speaks {self._language}"
            )
        if request.HasField("zero_shot_data"):
            raise BadRequest("zero_shot_data is not served: the voice cannot be cloned")
        return name, rate


async def _each(
    requests: AsyncIterator[pb.SynthesizeSpeechRequest] | pb.SynthesizeSpeechRequest,
) -> AsyncIterator[pb.SynthesizeSpeechRequest]:
    if isinstance(requests, pb.SynthesizeSpeechRequest):
        yield requests
        return
    async for request in requests:
        yield request
