"""Settings of the gateway (settings/gateway.yml), where each knob is described."""

from __future__ import annotations

from dataclasses import dataclass, field

from yingda.gateway.media_events import MediaSettings
from yingda.plumbing.settings import knob
from yingda.sansio.turns import TurnSettings


@dataclass(frozen=True)
class SipSettings:
    bind_host: str = "0.0.0.0"
    port: int = knob(5060, low=1, high=65535)
    public_host: str | None = None
    user: str = "yingda"


@dataclass(frozen=True)
class TrunkSettings:
    name: str
    host: str
    port: int = knob(5060, low=1, high=65535)
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True)
class CallSettings:
    max_calls: int = knob(300, low=1, high=100_000)
    max_invites_per_s: float = knob(100.0, low=0, high=100_000)
    drain_s: float = knob(60.0, low=0)
    ring_timeout_ms: int = knob(45_000, low=1000, high=180_000)


@dataclass(frozen=True)
class SpeechSettings:
    address: str = "127.0.0.1:50051"
    language: str = "zh-CN"
    voice: str = ""
    boost: float = knob(8.0, low=0, high=100)
    send_every_ms: int = knob(40, low=20, high=200)
    max_stream_s: float = knob(90.0, low=5)
    synthesis_timeout_s: float = knob(15.0, low=1)
    reconnect_s: float = knob(1.0, low=0, high=300)


@dataclass(frozen=True)
class DialogueSettings:
    urls: tuple[str, ...] = ("ws://127.0.0.1:5005/webhooks/voice/ws",)
    connect_timeout_s: float = knob(2.0, low=0.1)
    retry_s: float = knob(0.3, low=0.05)
    ping_s: float = knob(5.0, low=1)


@dataclass(frozen=True)
class VadSettings:
    threshold: float = knob(0.5, low=0.05, high=0.95)
    release_threshold: float = knob(0.35, low=0.01, high=0.95)
    min_speech_ms: int = knob(64, low=32, high=1000)
    min_quiet_ms: int = knob(96, low=32, high=1000)
    floor_dbfs: float = knob(-50.0, low=-90, high=0)
    background_db: float = knob(18.0, low=0, high=60)


@dataclass(frozen=True)
class PromptSettings:
    shipped_dir: str = "models/speech/prompts"
    cache_dir: str = "var/prompts"
    fillers: tuple[str, ...] = ("嗯，我看一下。", "请稍等，正在为您查询。", "好的，马上。")
    apology: str = "对不起，系统有点忙，请您再说一遍。"
    ask_again: str = "对不起，我没有听清，请您再说一遍。"
    outage: str = "对不起，系统出了点小问题，请您稍等一下。"
    please_wait: str = "还在处理，请您再稍等一下。"
    go_on: str = "让您久等了，请您接着说。"
    goodbye: str = "感谢您的来电，再见。"
    goodbye_failure: str = "非常抱歉，系统暂时不能为您服务，请您稍后再拨，再见。"

    def texts(self) -> dict[str, str]:
        """The words of each fixed prompt by its key."""
        keys = "apology ask_again outage please_wait go_on goodbye goodbye_failure"
        fillers = {f"filler_{i}": text for i, text in enumerate(self.fillers, 1)}
        return {**fillers, **{key: getattr(self, key) for key in keys.split()}}


@dataclass(frozen=True)
class RecordSettings:
    journal_dir: str = "var/journal"
    live_ttl_s: int = knob(3600, low=60)
    stream_length: int = knob(100_000, low=100)
    retry_s: float = knob(1.0, low=0.1)


@dataclass(frozen=True)
class OperatorSettings:
    name: str
    token_sha256: str = knob(pattern="[0-9a-f]{64}")


@dataclass(frozen=True)
class RecordingSettings:
    keys_file: str = "var/keys/recordings.keys"
    ticket_s: int = knob(300, low=10, high=3600)
    secret_tail_ms: int = knob(500, low=0, high=5000)
    operators: tuple[OperatorSettings, ...] = ()


@dataclass(frozen=True)
class HttpSettings:
    host: str = "127.0.0.1"
    port: int = knob(8080, low=1, high=65535)


@dataclass(frozen=True)
class GatewaySettings:
    sip: SipSettings = field(default_factory=SipSettings)
    trunks: tuple[TrunkSettings, ...] = ()
    media: MediaSettings = field(default_factory=MediaSettings)
    calls: CallSettings = field(default_factory=CallSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    dialogue: DialogueSettings = field(default_factory=DialogueSettings)
    vad: VadSettings = field(default_factory=VadSettings)
    turns: TurnSettings = field(default_factory=TurnSettings)
    prompts: PromptSettings = field(default_factory=PromptSettings)
    records: RecordSettings = field(default_factory=RecordSettings)
    recordings: RecordingSettings = field(default_factory=RecordingSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
