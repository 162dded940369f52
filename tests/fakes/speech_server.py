"""A scripted speech server on NVIDIA Riva's API: it recognises nothing and speaks in tones.

Each recognition stream "hears" the next line of the script, whatever the audio; a sentence becomes a tone of
80 ms per character.  For tests of everything around speech, never of speech.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import cycle
from typing import Any

import grpc
import numpy as np
from riva.client.proto import riva_asr_pb2, riva_asr_pb2_grpc, riva_tts_pb2, riva_tts_pb2_grpc

RATE = 8000
MS_PER_CHARACTER = 80
PARTIAL_AFTER_MS = 400


class Recogniser(riva_asr_pb2_grpc.RivaSpeechRecognitionServicer):
    def __init__(self, script: list[str]) -> None:
        self._lines = cycle(script)
        self.streams = 0
        self.audio_ms: list[int] = []

    async def StreamingRecognize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        self.streams += 1
        line, samples, told = next(self._lines), 0, False
        async for request in requests:
            samples += len(request.audio_content) // 2
            if not told and samples * 1000 >= PARTIAL_AFTER_MS * RATE:
                told = True
                yield _response(line, is_final=False)
        self.audio_ms.append(samples * 1000 // RATE)
        yield _response(line, is_final=True)


class Synthesiser(riva_tts_pb2_grpc.RivaSpeechSynthesisServicer):
    def __init__(self) -> None:
        self.texts: list[str] = []

    async def SynthesizeOnline(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        request = await anext(requests)
        self.texts.append(request.text)
        samples = len(request.text) * MS_PER_CHARACTER * RATE // 1000
        tone = (8000 * np.sin(2 * np.pi * 440 / RATE * np.arange(samples))).astype("<i2").tobytes()
        for at in range(0, len(tone), 8000):
            await asyncio.sleep(0)
            yield riva_tts_pb2.SynthesizeSpeechResponse(audio=tone[at : at + 8000])


class ScriptedSpeech:
    """``async with ScriptedSpeech([...]) as server: server.address``."""

    def __init__(self, script: list[str], port: int = 0) -> None:
        self.recogniser, self.synthesiser = Recogniser(script), Synthesiser()
        self._port = port

    async def __aenter__(self) -> ScriptedSpeech:
        # A client that cancels a stream is nothing to report.
        logging.getLogger("grpc._cython.cygrpc").setLevel(logging.CRITICAL)
        self._server = grpc.aio.server()
        riva_asr_pb2_grpc.add_RivaSpeechRecognitionServicer_to_server(self.recogniser, self._server)
        riva_tts_pb2_grpc.add_RivaSpeechSynthesisServicer_to_server(self.synthesiser, self._server)
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        await self._server.start()
        return self

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Break all streams off."""
        await self._server.stop(None)

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _response(text: str, is_final: bool) -> Any:
    best = riva_asr_pb2.SpeechRecognitionAlternative(transcript=text, confidence=0.9)
    result = riva_asr_pb2.StreamingRecognitionResult(alternatives=[best], is_final=is_final)
    return riva_asr_pb2.StreamingRecognizeResponse(results=[result])
