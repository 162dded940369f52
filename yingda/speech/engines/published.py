"""Published models that are known to fit, where they come from, and whether that place can be reached.

Standard library only: scripts/models.py and the checks before the slow start use it. A model that is not in
the table may be named in the settings all the same.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

Hub = Literal["huggingface", "ngc", "modelscope"]
Use = Literal["recogniser", "voice", "vocoder", "codec"]

PROBE_S = 5.0  # how long a hub may take to answer at all
_STALL_S = 30  # and how long a download may stand still
MODELSCOPE_PREFIXES = ("damo/", "iic/", "speech_tts/")
_MODELSCOPE_URL = "https://www.modelscope.cn"
_NGC_URL = "https://api.ngc.nvidia.com"
_PAGES = {
    "huggingface": "https://huggingface.co/{name}",
    "ngc": "https://catalog.ngc.nvidia.com/orgs/nvidia/teams/nemo/models/{name}",
    "modelscope": "https://www.modelscope.cn/models/{name}",
}


@dataclass(frozen=True)
class Published:
    """`name` is what the settings say, `short` what `make models NAME=` takes. `size_gb` is about what is
    downloaded, None where nobody looked. `with_` are names of models that it needs too."""

    short: str
    name: str
    use: Use
    about: str
    licence: str
    size_gb: float | None
    settings: str
    hardware: str
    with_: tuple[str, ...] = ()

    @property
    def hub(self) -> Hub:
        """Where it comes from."""
        return hub_of(self.name)

    @property
    def page(self) -> str:
        """Its description there."""
        return _PAGES[self.hub].format(name=self.name)


def _unchecked(hub: Hub, name: str) -> str:
    return f"see {_PAGES[hub].format(name=name)} (not checked by us)"


_NEMOTRON = "nvidia/nemotron-3.5-asr-streaming-0.6b"
_CONFORMER = "stt_zh_conformer_transducer_large"
_FASTPITCH, _HIFIGAN = "tts_zh_fastpitch_sfspeech", "tts_zh_hifigan_sfspeech"
_MAGPIE, _CODEC = "nvidia/magpie_tts_multilingual_357m", "nvidia/nemo-nano-codec-22khz-1.89kbps-21.5fps"
_PARAFORMER = "damo/speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch"
_SAMBERT = "damo/speech_sambert-hifigan_tts_zh-cn_16k"

KNOWN = (
    Published(
        "nemotron", _NEMOTRON, "recogniser",
        "streaming, 40 languages and regions with Mandarin, punctuation; hears real callers",
        "OpenMDW-1.1 (commercial use allowed); " + _PAGES["huggingface"].format(name=_NEMOTRON),
        2.4, f"recogniser:\n  model: {_NEMOTRON}\n  language: zh-CN\n  chunk_ms: 320",
        "a GPU, or for a few calls a CPU with AVX-512-bf16 or AMX (recogniser.precision)",
    ),
    Published(
        "conformer", _CONFORMER, "recogniser",
        "Mandarin characters, made for whole recordings: streamed window by window, so later partials",
        _unchecked("ngc", _CONFORMER), 0.5, f"recogniser:\n  model: {_CONFORMER}",
        "a GPU; about 120 M weights",
    ),
    Published(
        "fastpitch", _FASTPITCH, "voice", "one Mandarin and English voice, 22.05 kHz; needs hifigan",
        _unchecked("ngc", "tts_zh_fastpitch_hifigan_sfspeech"), 0.2,
        f"voice:\n  acoustic_model: {_FASTPITCH}\n  vocoder: {_HIFIGAN}",
        "a CPU core a few calls, a GPU many", ("hifigan",),
    ),
    Published(
        "hifigan", _HIFIGAN, "vocoder", "the vocoder of fastpitch",
        _unchecked("ngc", "tts_zh_fastpitch_hifigan_sfspeech"), 0.3, f"voice:\n  vocoder: {_HIFIGAN}",
        "as fastpitch",
    ),
    Published(
        "magpie", _MAGPIE, "voice", "five voices in nine languages with Mandarin, 22.05 kHz; needs the codec",
        "NVIDIA Open Model License by copies of its card; " + _unchecked("huggingface", _MAGPIE), None,
        f"voice:\n  acoustic_model: {_MAGPIE}\n  vocoder: {_CODEC}",
        "a GPU; it makes one codec frame at a time", ("codec",),
    ),
    Published(
        "codec", _CODEC, "codec", "the audio codec of magpie", _unchecked("huggingface", _CODEC), None,
        f"voice:\n  vocoder: {_CODEC}", "as magpie",
    ),
    Published(
        "paraformer", _PARAFORMER, "recogniser",
        "Mandarin, made for whole recordings: text when the caller pauses (requirement 14)",
        _unchecked("modelscope", _PARAFORMER), 0.9, f"recogniser:\n  model: {_PARAFORMER}",
        "a CPU core a call, or a GPU; needs the modelscope environment",
    ),
    Published(
        "sambert", _SAMBERT, "voice", "Mandarin voices at 16 kHz (requirement 23)",
        _unchecked("modelscope", _SAMBERT), None, f"voice:\n  acoustic_model: {_SAMBERT}",
        "a CPU core a call; needs the modelscope environment, and two packages by hand (docs/models.md)",
    ),
)  # fmt: skip


class Unreachable(RuntimeError):
    """A model is not here and the place that has it does not answer. The text says what to do."""


def is_modelscope(name: str) -> bool:
    """Whether a settings value names a model of ModelScope's."""
    return name.startswith(MODELSCOPE_PREFIXES)


def hub_of(name: str) -> Hub:
    """Where a published name is looked for."""
    if is_modelscope(name):
        return "modelscope"
    return "huggingface" if "/" in name else "ngc"


def find(name: str) -> Published | None:
    """A known model by its name or its short one."""
    return next((model for model in KNOWN if name in (model.name, model.short)), None)


def suggestions(name: str) -> list[str]:
    """Known names that `name` may be meant to be, the likeliest first."""
    if find(name) is not None and find(name).name == name:  # type: ignore[union-attr]
        return []
    by_lower = {model.name.lower(): model.name for model in KNOWN}
    by_tail = {model.name.rpartition("/")[2].lower(): model.name for model in KNOWN}
    shorts = {model.short: model.name for model in KNOWN}
    table = {**by_tail, **by_lower, **shorts}
    close = difflib.get_close_matches(name.lower(), list(table), n=3, cutoff=0.75)
    return list(dict.fromkeys(table[key] for key in close))


def is_cached(name: str) -> bool:
    """Whether it was downloaded before, so that no hub is asked."""
    return any(path.exists() for pattern in _places(name) for path in _glob(pattern))


def _glob(pattern: Path) -> list[Path]:
    root = Path(pattern.anchor)
    return list(root.glob(str(pattern.relative_to(root))))


def _places(name: str) -> list[Path]:
    home = Path.home()
    hub = hub_of(name)
    if hub == "huggingface":
        base = Path(os.environ.get("HF_HOME") or home / ".cache/huggingface")
        cache = Path(os.environ.get("HF_HUB_CACHE") or base / "hub").absolute()
        nemo = _nemo_cache() / "NeMo_*/hf_hub_cache" / name
        return [cache / f"models--{name.replace('/', '--')}" / "snapshots" / "*" / "*.nemo", nemo]
    if hub == "ngc":
        return [_nemo_cache() / "NeMo_*" / name / "*" / f"{name}.nemo"]
    base = Path(os.environ.get("MODELSCOPE_CACHE") or home / ".cache/modelscope").absolute()
    spelt = [name, name.replace(".", "___")]
    return [base / part / each for part in ("hub", "hub/models", "models") for each in spelt]


def _nemo_cache() -> Path:
    given = os.environ.get("NEMO_CACHE_DIR")
    return (Path(given) if given else Path.home() / ".cache/torch/NeMo").absolute()


def hub_url(hub: Hub) -> str:
    """Its address, as the environment has it."""
    if hub == "huggingface":
        return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    if hub == "modelscope":
        domain = os.environ.get("MODELSCOPE_DOMAIN")
        return f"https://{domain}" if domain and "://" not in domain else domain or _MODELSCOPE_URL
    return _NGC_URL


def probe(hub: Hub, timeout_s: float = PROBE_S) -> str | None:
    """Why a hub does not answer, None when it does. An answer of whatever status is one."""
    if hub == "huggingface" and os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return "HF_HUB_OFFLINE is set"
    try:
        with urlopen(Request(hub_url(hub), method="HEAD"), timeout=timeout_s):
            return None
    except HTTPError as error:
        # a proxy that lets nothing through answers for the hub
        return f"HTTP {error.code}" if error.code in (407, 502, 503, 504) else None
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return str(reason) or type(error).__name__


def remedy(name: str) -> str:
    """What to do when the hub cannot be reached."""
    hub = hub_of(name)
    known = find(name) or next((find(close) for close in suggestions(name)), None)
    mirror = "HF_ENDPOINT (a mirror), " if hub == "huggingface" else ""
    command = f"make models NAME={known.short}" if known else "make models"
    by_hand = "" if hub == "modelscope" else ", or copy the .nemo file here and name it instead"
    return f"set {mirror}HTTPS_PROXY, or run `{command}` where the network is{by_hand}"


def check_reachable(name: str, timeout_s: float = PROBE_S) -> None:
    """Raise Unreachable, within twice `timeout_s`, for a model that is neither here nor to be had."""
    if is_cached(name):
        return
    hub = hub_of(name)
    why = probe(hub, timeout_s)
    host = urlsplit(hub_url(hub)).netloc
    if why is not None:
        raise Unreachable(f"is not on this machine, and {host} does not answer ({why}); {remedy(name)}")
    if hub == "huggingface" and _is_unknown(f"{hub_url(hub)}/{name}", timeout_s):
        raise Unreachable(f"is not on this machine, and {host} has no such model for everybody to take")


def _is_unknown(url: str, timeout_s: float) -> bool:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=timeout_s):
            return False
    except HTTPError as error:
        return error.code in (401, 404)
    except (URLError, OSError):
        return False  # the loader will say more


@contextlib.contextmanager
def downloading(name: str) -> Iterator[None]:
    """Bounds what NeMo's loaders wait for: they have no time limit of their own. Raises Unreachable."""
    check_reachable(name)
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", str(_STALL_S))
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", str(_STALL_S))
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_S)
    try:
        yield
    except FileNotFoundError as error:
        raise RuntimeError(
            f"{hub_of(name)} has no such model: {_first_line(error)}{did_you_mean(name)}"
        ) from error
    except (OSError, ValueError) as error:
        if type(error).__module__.startswith(("huggingface_hub", "httpx", "requests")) or "download" in str(
            error
        ):
            raise Unreachable(f"could not be downloaded ({_first_line(error)}); {remedy(name)}") from error
        raise
    finally:
        socket.setdefaulttimeout(before)


def did_you_mean(name: str) -> str:
    """The end of a message: "; did you mean ...?", or nothing."""
    close = suggestions(name)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
