"""What both models need of NeMo and torch: silence, one thread, a device, and loading by path or by name."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading
import warnings
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads spin and lose: 10 times slower on shared cores
os.environ.setdefault("NEMO_TESTING", "0")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
warnings.filterwarnings("ignore")

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


def load_model(kind: Any, model: str, device: str) -> Any:
    """A NeMo model in inference mode, from a .nemo file or from where NVIDIA publishes it."""
    import torch

    place = torch.device(device)
    with _LOAD_LOCK, _disabled_logging():
        if model.endswith(".nemo"):
            loaded = kind.restore_from(model, map_location=place)
        else:
            loaded = kind.from_pretrained(model, map_location=place)
    loaded.to(place)
    loaded.eval()
    loaded.freeze()
    return loaded
