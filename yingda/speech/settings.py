"""What settings/speech.yml may hold. The file's comments say what each knob does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from yingda.plumbing.settings import knob
from yingda.speech.voice.manner import HIGHEST, LOWEST


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
    drain_s: float = knob(20.0, low=0.0, high=3600.0)
    http_tokens: list[Token] = field(default_factory=list)


@dataclass(frozen=True)
class Lexicon:
    """How tonal syllables become characters."""

    path: str = "models/speech/lexicon-zh.tsv.gz"
    confidence: str = "models/speech/confidence-zh.json"
    beam: int = knob(6, low=1, high=64)
    acoustic_weight: float = knob(1.3, low=0.0, high=10.0)
    confusion_weight: float = knob(1.2, low=0.0, high=100.0)
    boost_weight: float = knob(0.25, low=0.0, high=10.0)


@dataclass(frozen=True)
class Buffered:
    """Windows for models that were made for whole recordings."""

    chunk_ms: int = knob(640, low=80, high=10000)
    left_ms: int = knob(2560, low=0, high=30000)
    right_ms: int = knob(640, low=0, high=10000)


@dataclass(frozen=True)
class Recogniser:
    """Which recogniser runs, and how."""

    model: str = "models/speech/asr-zh-8k.nemo"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    chunk_ms: int = knob(160, low=80, high=2240)
    left_context_frames: int = knob(56, low=0, high=1000)
    language: str = "zh-CN"
    hotwords_file: str | None = None
    max_streams: int = knob(64, low=1, high=4096)
    max_batch: int = knob(64, low=1, high=4096)
    gather_ms: int = knob(20, low=0, high=500)
    most_load: float = knob(0.85, low=0.05, high=100.0)
    most_wait_ms: int = knob(250, low=20, high=10000)
    endpoint_silence_ms: int = knob(2000, low=0, high=60000)
    max_audio_s: int = knob(3600, low=1, high=86400)
    step_deadline_s: float = knob(5.0, low=0.1, high=600.0)
    buffered: Buffered = field(default_factory=Buffered)
    lexicon: Lexicon = field(default_factory=Lexicon)

    def __post_init__(self) -> None:
        """Refuse combinations that cannot work."""
        if self.chunk_ms % 80:
            raise ValueError(f"recogniser.chunk_ms: got {self.chunk_ms}, expected a multiple of 80")


@dataclass(frozen=True)
class OneVoice:
    """A voice that may be asked for by its name; models that are left out are the shared ones."""

    name: str = knob("female_1", pattern=r"[A-Za-z0-9_-]{1,64}")
    speaker: int = knob(0, low=0, high=100000)
    pace: float = knob(1.0, low=0.25, high=4.0)
    pitch_semitones: float = knob(0.0, low=LOWEST, high=HIGHEST)
    acoustic_model: str | None = None
    vocoder: str | None = None


@dataclass(frozen=True)
class Voice:
    """Which voices speak, and how; the first speaks unless another is asked for."""

    acoustic_model: str = "models/speech/tts-zh-8k.nemo"
    vocoder: str | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    voices: list[OneVoice] = field(default_factory=lambda: [OneVoice()])
    pace: float = knob(1.0, low=0.25, high=4.0)
    griffin_lim_iterations: int = knob(60, low=1, high=1000)
    peak: float = knob(0.7, low=0.05, high=1.0)
    clause_pause_ms: int = knob(120, low=0, high=2000)
    first_clause_chars: int = knob(12, low=2, high=200)
    clause_chars: int = knob(28, low=4, high=400)
    deadline_s: float = knob(8.0, low=0.1, high=600.0)
    max_text_chars: int = knob(2000, low=1, high=100000)
    max_waiting: int = knob(256, low=1, high=100000)

    def __post_init__(self) -> None:
        """Refuse voices that cannot be told apart."""
        names = [voice.name for voice in self.voices]
        if not names:
            raise ValueError("voice.voices: got an empty list, expected at least one voice with a name")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"voice.voices: the name {twice!r} stands there twice; rename one")

    def models_of(self, voice: OneVoice) -> tuple[str, str | None]:
        """The acoustic model and the vocoder that speak a voice."""
        return voice.acoustic_model or self.acoustic_model, voice.vocoder or self.vocoder


@dataclass(frozen=True)
class Prompts:
    """Fixed prompts that are synthesised once and held in memory."""

    texts: list[str] = field(default_factory=list)
    voices: list[str] = field(default_factory=list)
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

    def __post_init__(self) -> None:
        """Refuse prompts in a voice that is not there."""
        known = [voice.name for voice in self.voice.voices]
        for name in self.prompts.voices:
            if name not in known:
                raise ValueError(f"prompts.voices: got {name!r}, expected one of {', '.join(known)}")
