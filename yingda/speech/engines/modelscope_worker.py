"""ModelScope's models in their own environment (envs/modelscope.txt), as a child of the speech server:

    python -m yingda.speech.engines.modelscope_worker {asr,tts} MODEL

Each message is a line of JSON; the bytes that its `bytes` counts follow it. The first one says `ready` or
`error`. Standard library, numpy and what ModelScope needs only. What the packages print goes to stderr.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

RATE_HZ = 16000
INDEX = "https://modelscope.oss-cn-beijing.aliyuncs.com/releases/repo.html"
Answer = tuple[dict[str, Any], bytes]


def send(out: IO[bytes], fields: dict[str, Any], data: bytes = b"") -> None:
    """One message."""
    line = json.dumps({**fields, "bytes": len(data)}, ensure_ascii=False)
    out.write(line.encode() + b"\n" + data)
    out.flush()


def receive(source: IO[bytes]) -> Answer | None:
    """One message; None at the end."""
    line = source.readline()
    if not line:
        return None
    fields = json.loads(line)
    return fields, source.read(fields.pop("bytes"))


def recogniser(model: str) -> tuple[dict[str, Any], Callable[[dict[str, Any], bytes], Answer]]:
    """Paraformer: several stretches of audio in, float32 at RATE_HZ one after another, a text for each
    out."""
    from funasr import AutoModel

    loaded = AutoModel(model=model, disable_update=True, disable_pbar=True, device=_device(), ncpu=1)

    def recognise(fields: dict[str, Any], data: bytes) -> Answer:
        samples = np.frombuffer(data, np.float32)
        stretches = np.split(samples, np.cumsum(fields["lengths"])[:-1])
        heard = loaded.generate(input=[s.copy() for s in stretches], fs=RATE_HZ, batch_size=len(stretches))
        return {"texts": [str(one.get("text", "")) for one in heard]}, b""

    return {"sample_rate": RATE_HZ}, recognise


def voice(model: str) -> tuple[dict[str, Any], Callable[[dict[str, Any], bytes], Answer]]:
    """SAM-BERT with HiFi-GAN: a text and a voice's name in, float32 audio out."""
    wrong = missing_packages()
    if wrong:
        raise RuntimeError(wrong)
    import soundfile
    from modelscope.pipelines import pipeline

    speaker = pipeline(task="text-to-speech", model=model)
    names = [str(name) for name in getattr(speaker.model, "voices", {})]

    def speak(fields: dict[str, Any], _: bytes) -> Answer:
        options = {"voice": fields["voice"]} if fields.get("voice") else {}
        wav = speaker(input=fields["text"], **options)["output_wav"]
        samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
        return {"sample_rate": rate}, np.ascontiguousarray(samples, np.float32).tobytes()

    rate = int(getattr(speaker.model, "sample_rate", RATE_HZ))
    return {"sample_rate": rate, "voices": names}, speak


def missing_packages() -> str:
    """What SAM-BERT lacks here, empty when nothing: two packages are ModelScope's own and not on PyPI."""
    if sys.version_info >= (3, 11):
        return (
            f"SAM-BERT runs on Python 3.10 at most, this is {sys.version.split()[0]}; make its environment: "
            "make modelscope-env SAMBERT=1"
        )
    empty = _lacks("kantts.datasets") or _lacks("ttsfrd")
    if not empty:
        return ""
    return (
        f"SAM-BERT needs {empty.partition('.')[0]}, which PyPI has not (it has an empty package of that "
        "name); install it: .venv/modelscope/bin/python -m pip install --no-index --no-deps kantts ttsfrd "
        f"-f {INDEX}"
    )


def _lacks(module: str) -> str:
    try:
        return "" if importlib.util.find_spec(module) is not None else module
    except ModuleNotFoundError:
        return module


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def main() -> int:
    """Serve until stdin ends. Exit status 2: the model cannot be loaded."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    kind, model = sys.argv[1:]
    try:
        about, answer = {"asr": recogniser, "tts": voice}[kind](model)
    except BaseException as error:
        reason = str(error).strip() or type(error).__name__
        send(out, {"error": reason.splitlines()[0]})
        return 2
    send(out, {"ready": True, **about})
    while (message := receive(sys.stdin.buffer)) is not None:
        try:
            send(out, *answer(*message))
        except Exception as error:  # one bad request must not end the model
            send(out, {"error": f"{type(error).__name__}: {error}"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
