"""Where one running system lives: its ports, its folders, and what each of its processes is told."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from yingda.gateway.settings import GatewaySettings
from yingda.plumbing import settings
from yingda.plumbing.settings import SettingsError, knob
from yingda.speech.settings import SpeechSettings

ROOT = Path(__file__).resolve().parent.parent
VOICE_PYTHON = str(ROOT / ".venv" / "voice" / "bin" / "python")
RASA_PYTHON = str(ROOT / ".venv" / "rasa" / "bin" / "python")
OFFSET = "YINGDA_PORT_OFFSET"
RASA_PORT, ACTIONS_PORT, MONGO_PORT, REDIS_PORT = 5005, 5055, 27117, 6479
RTP_WINDOW = 4000


@dataclass(frozen=True)
class RasaSettings:
    """settings/rasa.yml."""

    workers: int = knob(1, low=1, high=32)


@dataclass(frozen=True)
class Layout:
    """One running system. A port offset moves all of it aside, so that two can run on one machine."""

    offset: int
    gateway: GatewaySettings
    speech: SpeechSettings
    rasa: RasaSettings = field(default_factory=RasaSettings)

    @property
    def folder(self) -> Path:
        """What this system writes: logs, embedded stores, state."""
        return ROOT / "var" / (f"offset-{self.offset}" if self.offset else "")

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.folder / "log"

    def port(self, unshifted: int) -> int:
        """A port of this system."""
        return unshifted + self.offset

    @property
    def local_speech(self) -> bool:
        """Whether the speech server is ours to start, or settings/gateway.yml points to another machine's."""
        return self.gateway.speech.address.rpartition(":")[0] in ("127.0.0.1", "localhost")

    @property
    def sip_port(self) -> int:
        return self.port(self.gateway.sip.port)

    @property
    def rtp_first(self) -> int:
        media = self.gateway.media
        if not self.offset:
            return media.port_first
        return 24000 + self.offset * 40 % 32000 // 2 * 2

    @property
    def rtp_last(self) -> int:
        return self.rtp_first + RTP_WINDOW - 1 if self.offset else self.gateway.media.port_last

    @property
    def reachable_host(self) -> str:
        """The address that a softphone in the same network can call."""
        return self.gateway.sip.public_host or own_address()

    def gateway_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port(self.gateway.http.port)}{path}"

    def speech_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port(self.speech.server.http_port)}{path}"

    def rasa_url(self, path: str, port: int | None = None) -> str:
        """Of the worker on `port`; of the first one as it was started when none is given."""
        return f"http://127.0.0.1:{port or self.rasa_ports[0]}{path}"

    @property
    def rasa_ports(self) -> list[int]:
        """One for each worker, and one for the worker that is about to take the place of another."""
        return [self.port(RASA_PORT) + number for number in range(self.rasa.workers + 1)]

    @property
    def local_dialogue(self) -> bool:
        """Whether the workers are ours to start, or settings/gateway.yml points to other machines'."""
        hosts = {urlsplit(url).hostname for url in self.gateway.dialogue.urls}
        return hosts <= {"127.0.0.1", "localhost"}

    def actions_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port(ACTIONS_PORT)}{path}"

    def ports(self) -> list[tuple[str, str, int, str, str]]:
        """Every port that a start needs: who, host, number, kind, where to change it."""
        gateway, server = self.gateway, self.speech.server
        needed = [
            ("SIP", gateway.sip.bind_host, self.sip_port, "udp", "settings/gateway.yml: sip.port"),
            (
                "gateway",
                gateway.http.host,
                self.port(gateway.http.port),
                "tcp",
                "settings/gateway.yml: http.port",
            ),
            *(("rasa", "127.0.0.1", port, "tcp", OFFSET) for port in self.rasa_ports),
            ("actions", "127.0.0.1", self.port(ACTIONS_PORT), "tcp", OFFSET),
        ]
        if self.local_speech:
            grpc, http = self.port(server.grpc_port), self.port(server.http_port)
            needed.append(("speech", server.host, grpc, "tcp", "settings/speech.yml: server.grpc_port"))
            needed.append(("speech", server.host, http, "tcp", "settings/speech.yml: server.http_port"))
        return needed

    def environment(self, mongo_url: str, redis_url: str) -> dict[str, str]:
        """What every process is told. Numeric libraries get one thread: the processes are the parallelism."""
        env = dict(os.environ)
        env.update(MONGO_URL=mongo_url, REDIS_URL=redis_url, PYTHONUNBUFFERED="1")
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            env.setdefault(name, "1")
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "CALL"):
            env.pop(name, None)
        env["YINGDA_RASA__WORKERS"] = str(self.rasa.workers)
        if self.local_dialogue:
            urls = [f"ws://127.0.0.1:{port}/webhooks/voice/ws" for port in self.rasa_ports]
            env["YINGDA_GATEWAY__DIALOGUE__URLS"] = f"[{', '.join(urls)}]"
        if self.offset:
            env.update(self._shifted())
        return env

    def _shifted(self) -> dict[str, str]:
        server = self.speech.server
        shifted = {
            "YINGDA_GATEWAY__SIP__PORT": str(self.sip_port),
            "YINGDA_GATEWAY__HTTP__PORT": str(self.port(self.gateway.http.port)),
            "YINGDA_GATEWAY__MEDIA__PORT_FIRST": str(self.rtp_first),
            "YINGDA_GATEWAY__MEDIA__PORT_LAST": str(self.rtp_last),
            "YINGDA_GATEWAY__RECORDS__JOURNAL_DIR": str(self.folder / "journal"),
            "YINGDA_SPEECH__SERVER__GRPC_PORT": str(self.port(server.grpc_port)),
            "YINGDA_SPEECH__SERVER__HTTP_PORT": str(self.port(server.http_port)),
        }
        if self.local_speech:
            shifted["YINGDA_GATEWAY__SPEECH__ADDRESS"] = f"127.0.0.1:{self.port(server.grpc_port)}"
        return shifted

    def endpoints(self) -> Path:
        """endpoints.yml for this system: the file itself, or a copy with the action server's port moved."""
        plain = ROOT / "endpoints.yml"
        if not self.offset:
            return plain
        moved = self.folder / "endpoints.yml"
        moved.parent.mkdir(parents=True, exist_ok=True)
        text = plain.read_text(encoding="utf-8")
        moved.write_text(text.replace(f":{ACTIONS_PORT}/", f":{self.port(ACTIONS_PORT)}/"), encoding="utf-8")
        return moved


def read() -> Layout:
    """The system that the settings files and the environment describe. Raises SettingsError."""
    text = os.environ.get(OFFSET, "0") or "0"
    if not text.isdigit() or int(text) > 20000:
        raise SettingsError(f"{OFFSET}: got {text!r}, expected an integer 0-20000; it is added to every port")
    gateway = settings.load(_shown("settings/gateway.yml"), GatewaySettings)
    speech = settings.load(_shown("settings/speech.yml"), SpeechSettings)
    rasa = settings.load(_shown("settings/rasa.yml"), RasaSettings)
    return Layout(int(text), gateway, speech, rasa)


def _shown(path: str) -> str:
    # relative, because messages show it; commands run at the root
    return path if Path.cwd() == ROOT else str(ROOT / path)


def own_address() -> str:
    """This machine's address towards the world; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
