"""What both models need of NeMo and torch: silence, one thread, a device, and loading by path or by name."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading
import warnings
from pathlib import Path
from typing import Any

from yingda.speech.engines import published

os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads spin and lose: 10 times slower on shared cores
os.environ.setdefault("NEMO_TESTING", "0")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
warnings.filterwarnings("ignore")

_LARGE_MODEL = 100_000_000  # weights
_BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}  # of a CPU, in /proc/cpuinfo
_IMPORT_LOCK = threading.Lock()
_LOAD_LOCK = threading.Lock()  # NeMo unpacks archives by way of process-wide state


_MODULES = (
    "nemo.collections.asr.models",
    "nemo.collections.asr.inference.factory.cache_aware_pipeline_builder",
    "nemo.collections.tts.models.fastpitch",
)


def prepare(*more: str) -> None:
    """Import torch, what is always used of NeMo and modules `more`, without their log lines. Slow
    (seconds) the first time.

    One thread at a time: two threads inside NeMo's imports may wait for each other for ever.
    """
    with _IMPORT_LOCK:
        for name in (
            "nv_one_logger",
            "OneLogger",
            "pytorch_lightning",
            "lightning",
            "nemo_logger",
            "numba",
            "jieba",
        ):
            logging.getLogger(name).setLevel(logging.ERROR)
        with _disabled_logging():
            import torch
            from nemo.utils import logging as nemo_logging

            for name in (*_MODULES, *more):
                importlib.import_module(name)
        nemo_logging.setLevel(nemo_logging.ERROR)
        torch.set_num_threads(1)
        with contextlib.suppress(RuntimeError):
            torch.set_num_interop_threads(1)
        torch.set_grad_enabled(False)


@contextlib.contextmanager
def _disabled_logging() -> Any:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def device_name(wanted: str) -> str:
    """ "cuda" or "cpu" for auto, cpu or cuda. Raises RuntimeError when a GPU is wanted and there is none."""
    import torch

    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise RuntimeError("device 'cuda' is wanted and torch finds no GPU; use 'auto' or 'cpu'")
    return "cuda" if wanted == "cuda" or (wanted == "auto" and there) else "cpu"


def precision(wanted: str, device: str, model: Any) -> str:
    """float32 or bfloat16 for auto, float32 or bfloat16. Auto halves the work of large models where the
    machine computes in bfloat16: a CPU without that would take longer."""
    if wanted != "auto":
        return wanted
    if sum(weight.numel() for weight in model.parameters()) < _LARGE_MODEL:
        return "float32"
    return "bfloat16" if _computes_bfloat16(device) else "float32"


def _computes_bfloat16(device: str) -> bool:
    if device.startswith("cuda"):
        import torch

        return bool(torch.cuda.is_bf16_supported())
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_BFLOAT16_FLAGS & set(text.split()))


def load_model(kind: Any, model: str, device: str, **more: Any) -> Any:
    """A NeMo model in inference mode, from a .nemo file or from where NVIDIA publishes it. Raises
    RuntimeError when a published one cannot be had. `more` goes to NeMo's restore_from."""
    import torch

    place = torch.device(device)
    with _LOAD_LOCK, _disabled_logging():
        if model.endswith(".nemo"):
            loaded = kind.restore_from(model, map_location=place, **more)
        else:
            with published.downloading(model):
                loaded = kind.from_pretrained(model, map_location=place, **more)
    if more.get("return_config"):
        return loaded
    loaded.to(place)
    loaded.eval()
    loaded.freeze()
    return loaded


def load_config(kind: Any, model: str) -> Any:
    """The configuration alone of a model that load_model would load."""
    return load_model(kind, model, "cpu", return_config=True)


def load_recogniser(model: str, device: str) -> Any:
    """A speech recognition model of whatever class."""
    from nemo.collections.asr.models import ASRModel

    return load_model(ASRModel, model, device)
