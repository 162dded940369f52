"""REGISTER with trunks that want it (RFC 3261 10.2): refreshed at two thirds of its life, retried."""

from __future__ import annotations

from dataclasses import dataclass

from yingda.sansio.sip.calls import MAX_TRIES, CallBook
from yingda.sansio.sip.digest import Credentials, DigestClient
from yingda.sansio.sip.events import Address, Registered, RegistrationFailed, RegistrationHandle
from yingda.sansio.sip.message import Headers, Request, Response, readable
from yingda.sansio.sip.transactions import ClientTransaction
from yingda.sansio.sip.uri import parse_name_addr, parse_uri, split_list

RETRY_S = 30.0


@dataclass(eq=False)
class Registration:
    """One binding at one registrar; all its requests share Call-ID and From tag (10.2.4)."""

    handle: RegistrationHandle
    registrar: str
    aor: str
    addr: Address
    digest: DigestClient | None
    call_id: str
    tag: str
    expires_s: int
    cseq: int = 0
    removed: bool = False


class Registrations:
    """All bindings of a user agent."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._live: dict[RegistrationHandle, Registration] = {}
        self._serial = 0

    def add(
        self,
        registrar: str,
        aor: str,
        addr: Address,
        credentials: Credentials | None,
        expires_s: int,
        now: float,
    ) -> RegistrationHandle:
        """Register and keep registered."""
        parse_uri(registrar)
        parse_uri(aor)
        if not 60 <= expires_s <= 86400:
            raise ValueError(f"register: expires_s is {expires_s}, expected 60-86400")
        self._serial += 1
        digest = DigestClient(credentials, self._book.token) if credentials else None
        call_id, tag = self._book.token(), self._book.token()
        entry = Registration(self._serial, registrar, aor, addr, digest, call_id, tag, expires_s)
        self._live[entry.handle] = entry
        self._send(entry, now, [])
        return entry.handle

    def remove(self, handle: RegistrationHandle, now: float) -> None:
        """Take the binding away (Expires: 0) and forget it; unknown handles are ignored."""
        entry = self._live.pop(handle, None)
        if entry is not None:
            entry.removed = True
            self._book.layer.timers.cancel(entry, "refresh")
            self._send(entry, now, [])

    def refresh(self, entry: Registration, now: float) -> None:
        """The timer: register again."""
        if not entry.removed:
            self._send(entry, now, [])

    def _send(self, entry: Registration, now: float, answered: list[tuple[str, str]]) -> None:
        book = self._book
        entry.cseq += 1
        headers: Headers = {
            "via": [book.layer.new_via(book.token())],
            "max-forwards": ["70"],
            "from": [f"<{entry.aor}>;tag={entry.tag}"],
            "to": [f"<{entry.aor}>"],
            "call-id": [entry.call_id],
            "cseq": [f"{entry.cseq} REGISTER"],
            "contact": [book.contact],
            "expires": [str(0 if entry.removed else entry.expires_s)],
            "user-agent": [book.user_agent],
        }
        if entry.digest is not None:
            headers.update(entry.digest.headers("REGISTER", entry.registrar))

        def on_response(tx: ClientTransaction, response: Response | None, now: float) -> None:
            if response is None or response.status >= 200:
                self._answered(entry, response, now, answered)

        book.layer.send_request(Request("REGISTER", entry.registrar, headers), entry.addr, now, on_response)

    def _answered(
        self, entry: Registration, response: Response | None, now: float, answered: list[tuple[str, str]]
    ) -> None:
        status = response.status if response is not None else 408
        may_try = response is not None and len(answered) < MAX_TRIES
        if response and may_try and entry.digest and entry.digest.take_challenge(response, answered):
            self._send(entry, now, answered)
            return
        if entry.removed:
            return
        wanted = response.first("min-expires") if response and may_try and status == 423 else ""
        if wanted.isascii() and wanted.isdigit() and entry.expires_s < int(wanted[:6]) <= 86400:
            entry.expires_s = int(wanted[:6])  # 10.2.8
            answered.append(("423", wanted))
            self._send(entry, now, answered)
        elif response is not None and status < 300:
            granted = self._granted(response, entry.expires_s)
            self._book.layer.timers.set(entry, "refresh", now + granted * 2 / 3)
            self._book.events.append(Registered(entry.handle, granted))
        else:
            self._book.layer.counters[f"register_failed_{status}"] += 1
            self._book.layer.timers.set(entry, "refresh", now + RETRY_S)
            reason = response.reason if response is not None else "Request Timeout"
            self._book.events.append(RegistrationFailed(entry.handle, status, readable(reason)))

    def _granted(self, response: Response, wanted: int) -> int:
        """How long the binding lives: the expires of our Contact, else Expires, else what we asked for."""
        texts = [response.first("expires")]
        ours = parse_name_addr(self._book.contact).uri
        for value in response.all("contact"):
            try:
                address = parse_name_addr(split_list(value)[0])
            except (ValueError, IndexError):
                continue
            if address.uri == ours:
                texts.insert(0, address.params.get("expires", ""))
        for text in texts:
            if text.isascii() and text.isdigit() and len(text) <= 6:
                return max(30, int(text))
        return wanted
