"""What settings/speech.yml may hold. The file's comments say what each knob does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from yingda.plumbing.settings import knob


@dataclass(frozen=True)
class Token:
    """Who may use the HTTP API."""

    name: str = knob(pattern=r"[A-Za-z0-9_.-]{1,64}")
    token: str = knob(pattern=r"[A-Za-z0-9._~+/-]{16,512}=*", secret=True)


@dataclass(frozen=True)
class Server:
    """Where the two listeners are."""

    host: str = "127.0.0.1"
    grpc_port: int = knob(50051, low=0, high=65535)
    http_port: int = knob(8081, low=0, high=65535)
    http_tokens: list[Token] = field(default_factory=list)


@dataclass(frozen=True)
class Lexicon:
    """How tonal syllables become characters."""

    path: str = "models/speech/lexicon-zh.tsv.gz"
    beam: int = knob(6, low=1, high=64)
    confusion_weight: float = knob(1.5, low=0.0, high=100.0)
    boost_weight: float = knob(0.25, low=0.0, high=10.0)


@dataclass(frozen=True)
class Recogniser:
    """Which recogniser runs, and how."""

    model: str = "models/speech/asr-zh-8k.nemo"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    chunk_ms: int = knob(160, low=80, high=2240)
    left_context_frames: int = knob(56, low=0, high=1000)
    language: str = "zh-CN"
    max_streams: int = knob(64, low=1, high=4096)
    max_batch: int = knob(64, low=1, high=4096)
    gather_ms: int = knob(20, low=0, high=500)
    endpoint_silence_ms: int = knob(2000, low=0, high=60000)
    max_audio_s: int = knob(3600, low=1, high=86400)
    step_deadline_s: float = knob(5.0, low=0.1, high=600.0)
    lexicon: Lexicon = field(default_factory=Lexicon)

    def __post_init__(self) -> None:
        """Refuse combinations that cannot work."""
        if self.chunk_ms % 80:
            raise ValueError(f"recogniser.chunk_ms: got {self.chunk_ms}, expected a multiple of 80")


@dataclass(frozen=True)
class Voice:
    """Which voice speaks, and how."""

    acoustic_model: str = "models/speech/tts-zh-8k.nemo"
    vocoder: str | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    name: str = "yingda-zh-CN"
    speaker: int = knob(0, low=0, high=100000)
    pace: float = knob(1.0, low=0.25, high=4.0)
    griffin_lim_iterations: int = knob(60, low=1, high=1000)
    peak: float = knob(0.7, low=0.05, high=1.0)
    clause_pause_ms: int = knob(120, low=0, high=2000)
    first_clause_chars: int = knob(12, low=2, high=200)
    clause_chars: int = knob(28, low=4, high=400)
    deadline_s: float = knob(8.0, low=0.1, high=600.0)
    max_text_chars: int = knob(2000, low=1, high=100000)
    max_waiting: int = knob(256, low=1, high=100000)


@dataclass(frozen=True)
class Prompts:
    """Fixed prompts that are synthesised once and held in memory."""

    texts: list[str] = field(default_factory=list)
    domain_file: str | None = "domain.yml"
    folder: str = "var/prompt_cache"
    memory_mb: int = knob(64, low=1, high=65536)


@dataclass(frozen=True)
class SpeechSettings:
    """The whole file."""

    server: Server = field(default_factory=Server)
    recogniser: Recogniser = field(default_factory=Recogniser)
    voice: Voice = field(default_factory=Voice)
    prompts: Prompts = field(default_factory=Prompts)
