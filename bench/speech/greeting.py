"""greeting: how well the greeting is understood as a softphone hears it, against the teacher's own audio.

    make figure NAME=greeting

baresip calls the whole system and records; the shipped recogniser errs on that recording at most 10 points of
CER more than on the teacher's audio of the same sentence.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench import _system
from bench._errors import distances
from scripts.layout import ROOT
from yingda.caller.alaw import decode, read_clip

GREETING = "您好，这里是应答客服，我是智能语音助手，本次通话将会录音。"
TEACHER = ROOT / "tests" / "data" / "speech" / "greeting_teacher.wav"
MOST_CER_POINTS = 10.0
OFFSET = 360


async def call(system: _system.System, folder: Path) -> np.ndarray:
    """What baresip hears in the first twelve seconds, int16 at 8 kHz."""
    sys.path.insert(0, str(ROOT / "tests" / "integration" / "system"))
    from softphone import Softphone

    async with Softphone(folder, "13600136000") as phone:
        await phone.do("dial", f"sip:yingda@127.0.0.1:{system.sip[1]}")
        await asyncio.sleep(12.0)
        await phone.do("hangup")
        await asyncio.sleep(1.0)
    return phone.heard()


def main() -> int:
    """Print the figure; 0 when it meets the bar."""
    with _system.running(OFFSET) as system, tempfile.TemporaryDirectory() as folder:
        heard = asyncio.run(call(system, Path(folder)))
        texts = [recognised(system, audio) for audio in (heard, decode(read_clip(TEACHER)))]
    through, teacher = (cer(GREETING, text) for text in texts)
    print(f"through baresip: {texts[0]}\nteacher's audio: {texts[1]}")
    passed = through <= teacher + MOST_CER_POINTS
    bar = f"bar <= {teacher + MOST_CER_POINTS:.1f} %, the teacher's audio and {MOST_CER_POINTS:.0f} points"
    print(f"greeting: CER {through:.1f} % ({bar}) {'PASS' if passed else 'FAIL'}")
    return 0 if passed else 1


def recognised(system: _system.System, pcm: np.ndarray) -> str:
    """What the system's own recogniser makes of it, asked through NVIDIA's client."""
    import riva.client

    service = riva.client.ASRService(riva.client.Auth(uri=f"127.0.0.1:{system.plan.port(50051)}"))
    config = riva.client.RecognitionConfig(
        encoding=riva.client.AudioEncoding.LINEAR_PCM, sample_rate_hertz=8000, language_code="zh-CN"
    )
    streaming = riva.client.StreamingRecognitionConfig(config=config, interim_results=False)
    audio = np.concatenate([np.zeros(1600, np.int16), pcm, np.zeros(2400, np.int16)])
    pieces = [audio[i : i + 320].tobytes() for i in range(0, len(audio), 320)]
    results = [r for a in service.streaming_response_generator(pieces, streaming) for r in a.results]
    return "".join(r.alternatives[0].transcript for r in results if r.is_final)


def cer(wanted: str, found: str) -> float:
    """Character error rate in per cent, marks left out; what follows the wanted words does not count."""
    a, b = ([c for c in text if c.isalnum()] for text in (wanted, found))
    return 100.0 * min(distances(a, b)) / len(a)


if __name__ == "__main__":
    sys.exit(main())
