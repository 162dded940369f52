"""Settings of the CRM (settings/crm.yml), where each knob is described."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from yingda.plumbing import settings
from yingda.plumbing.settings import knob

FILE = "settings/crm.yml"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RestSettings:
    url: str | None = knob(None, pattern=r"https?://[^/\s?#]+[^\s?#]*")
    token: str | None = knob(None, secret=True)


@dataclass(frozen=True)
class OutboxSettings:
    folder: str = knob("var/outbox", pattern=r".+")
    longest_wait_s: float = knob(60.0, low=1, high=3600)
    keep_days: float = knob(30.0, low=0.01, high=3650)

    def path(self) -> Path:
        """The folder; a relative one begins at the root of the repository."""
        return ROOT / self.folder


@dataclass(frozen=True)
class CrmSettings:
    adapter: Literal["mongodb", "rest"] = "mongodb"
    rest: RestSettings = field(default_factory=RestSettings)
    answer_ms: int = knob(1000, low=50, high=10_000)
    attempts: int = knob(3, low=1, high=10)
    failures: int = knob(5, low=1, high=1000)
    pause_s: float = knob(5.0, low=0.1, high=600)
    greeting_ms: int = knob(250, low=10, high=2000)
    outbox: OutboxSettings = field(default_factory=OutboxSettings)

    def __post_init__(self) -> None:
        if self.adapter == "rest" and not self.rest.url:
            raise ValueError("adapter is rest, but rest.url is not set; expected http(s)://host/path")


def read() -> CrmSettings:
    """The file at the root of the repository. Raises SettingsError."""
    here = FILE if Path.cwd() == ROOT else str(ROOT / FILE)
    return settings.load(here, CrmSettings)
