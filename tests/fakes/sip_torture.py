"""The messages of RFC 4475 and RFC 5118 with what the RFCs demand of each (tests/data/sip/torture)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from yingda.sansio.sip.message import Message, Request
from yingda.sansio.sip.uri import UnknownScheme, parse_name_addr, parse_uri, parse_via

FOLDER = Path(__file__).parents[1] / "data" / "sip" / "torture"


@dataclass(frozen=True)
class Torture:
    """One message; the fields are explained at the head of manifest.yml."""

    file: str
    section: str
    about: str
    answers: list[int]
    data: bytes
    reads: dict[str, Any] = field(default_factory=dict)
    apart: str = ""
    rebuilt: str = ""


def torture_messages() -> list[Torture]:
    """All of them, in the order of the RFCs."""
    entries = yaml.safe_load((FOLDER / "manifest.yml").read_text(encoding="utf-8"))
    return [Torture(data=(FOLDER / f"{entry['file']}.dat").read_bytes(), **entry) for entry in entries]


def reading(message: Message) -> dict[str, Any]:
    """How a message was read, in the words of the manifest."""
    via = parse_via(message.first("via"))
    values: dict[str, Any] = {
        "vias": len(message.all("via")),
        "via_branch": via.branch,
        "via_host": via.host,
        "via_port": via.port,
        "via_received": via.params.get("received"),
        "call_id": message.call_id,
        "cseq": message.cseq,
        "from_tag": message.from_tag,
        "to_tag": message.to_tag,
        "max_forwards": int(message.first("max-forwards", "70")),
        "body_octets": len(message.body),
        "contacts": len(message.all("contact")),
        "requires": len(message.all("require")),
    }
    for name in ("from", "to", "contact"):
        if message.first(name):
            address = parse_name_addr(message.first(name))
            values |= {f"{name}_display": address.display, f"{name}_uri": address.uri}
            values[f"{name}_params"] = list(address.params)
    if not isinstance(message, Request):
        readable = message.reason.encode("utf-8", "surrogateescape").decode()
        return values | {"status": message.status, "reason": readable}
    values |= {"method": message.method, "uri": message.uri}
    try:
        uri = parse_uri(message.uri)
    except UnknownScheme:
        return values
    return values | {
        "uri_scheme": uri.scheme,
        "uri_user": uri.user,
        "uri_host": uri.host,
        "uri_port": uri.port,
        "uri_params": uri.params,
    }
