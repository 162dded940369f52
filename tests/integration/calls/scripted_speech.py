"""A scripted speech server behind the Riva API: it hears only the clips of the scenes, and speaks in buzzes.

It stands in for the models where everything else is under test: recognition looks the clips up by correlation
(words come as they are spoken, so barge-in and partials behave), synthesis gives 180 ms of buzz a character.

    python tests/integration/calls/scripted_speech.py --address 127.0.0.2:50951
    YINGDA_GATEWAY__SPEECH__ADDRESS=127.0.0.2:50951 CALL=once python -m scripts.run
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from riva.client.proto import riva_asr_pb2, riva_asr_pb2_grpc, riva_tts_pb2, riva_tts_pb2_grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from yingda.caller.alaw import decode, read_clip

AUDIO = Path(__file__).resolve().parents[2] / "scenes" / "audio"
RATE = 8000
PUNCTUATION = str.maketrans("", "", "，。？！、")


class Ears:
    """The clips, found in audio by correlation."""

    def __init__(self) -> None:
        lines = (AUDIO / "SENTENCES.txt").read_text(encoding="utf-8").splitlines()
        pairs = [line.split("\t", 1) for line in lines if "\t" in line and not line.startswith("#")]
        self._clips = [(t.translate(PUNCTUATION), _samples(AUDIO / f"{n}.wav")) for n, t in pairs]

    def hear(self, audio: np.ndarray) -> str:
        """The words of the clip in ``audio``, as far as it has been spoken; "" where there is none."""
        best, words = 0.6, ""
        for text, clip in self._clips:
            likeness, share = _match(audio, clip)
            if likeness > best:
                best, words = likeness, text[: round(len(text) * share)]
        return words


def _samples(path: Path) -> np.ndarray:
    return decode(read_clip(path)).astype(np.float32)


def _match(audio: np.ndarray, clip: np.ndarray) -> tuple[float, float]:
    """Correlation of the part of the clip that is in the audio, and how much of the clip has passed."""
    size = 1 << int(np.ceil(np.log2(len(audio) + len(clip))))
    spectrum = np.fft.rfft(audio, size) * np.conj(np.fft.rfft(clip, size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)))
    lag = lag - size if lag > len(audio) else lag
    first, last = max(0, lag), min(len(audio), lag + len(clip))
    if last - first < RATE * 0.3:
        return 0.0, 0.0
    a, b = audio[first:last], clip[first - lag : last - lag]
    scale = float(np.linalg.norm(a) * np.linalg.norm(b)) + 1.0
    return float(a @ b) / scale, (last - lag) / len(clip)


class Recognition(riva_asr_pb2_grpc.RivaSpeechRecognitionServicer):
    """StreamingRecognize: partials every 200 ms, the final at half-close."""

    def __init__(self) -> None:
        self._ears = Ears()

    async def StreamingRecognize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """The Riva method."""
        heard, audio, at = "", np.zeros(0, np.float32), 0
        async for request in requests:
            audio = np.append(audio, np.frombuffer(request.audio_content, "<i2").astype(np.float32))
            if len(audio) - at >= RATE // 5:
                at = len(audio)
                words = self._ears.hear(audio)
                if words != heard:
                    heard = words
                    yield _result(words, False)
        yield _result(self._ears.hear(audio) if len(audio) else "", True)


def _result(text: str, final: bool) -> Any:
    alternative = riva_asr_pb2.SpeechRecognitionAlternative(transcript=text, confidence=0.9)
    result = riva_asr_pb2.StreamingRecognitionResult(alternatives=[alternative], is_final=final)
    return riva_asr_pb2.StreamingRecognizeResponse(results=[result])


class Synthesis(riva_tts_pb2_grpc.RivaSpeechSynthesisServicer):
    """SynthesizeOnline: a buzz with gaps, in pieces."""

    async def SynthesizeOnline(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """The Riva method."""
        t = np.arange(int(RATE * 0.18)) / RATE
        syllable = (4000 * np.sign(np.sin(2 * np.pi * 150 * t)) * np.sin(np.pi * t / 0.18)).astype("<i2")
        async for request in requests:
            for character in request.text:
                await asyncio.sleep(0.005)
                piece = syllable if character.isalnum() else np.zeros(len(t), "<i2")
                yield riva_tts_pb2.SynthesizeSpeechResponse(audio=piece.tobytes())


async def serve(address: str) -> None:
    """Until cancelled."""
    server = grpc.aio.server()
    riva_asr_pb2_grpc.add_RivaSpeechRecognitionServicer_to_server(Recognition(), server)
    riva_tts_pb2_grpc.add_RivaSpeechSynthesisServicer_to_server(Synthesis(), server)
    server.add_insecure_port(address)
    await server.start()
    print(f"scripted speech on {address}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A scripted speech server for tests.")
    parser.add_argument("--address", default="127.0.0.2:50951")
    asyncio.run(serve(parser.parse_args().address))
