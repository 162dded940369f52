"""Calls that we place: INVITE, provisional answers, forks, digest, CANCEL (RFC 3261 13.2, 9.1, 22.2)."""

from __future__ import annotations

import re

from yingda.sansio.sip.calls import ALLOW, SDP_TYPE, Call, CallBook, CallState
from yingda.sansio.sip.dialog import Dialog
from yingda.sansio.sip.digest import Credentials, DigestClient
from yingda.sansio.sip.events import Address, CallAnswered, CallFailed, CallHandle, CallRinging, EarlyMedia
from yingda.sansio.sip.message import Headers, Request, Response, readable
from yingda.sansio.sip.transactions import ClientTransaction
from yingda.sansio.sip.uri import parse_uri

MAX_FORKS = 16  # answers with a tag of their own to one INVITE; each costs an ACK, a BYE and a transaction
_NUMBER = re.compile(r"[+0-9A-Za-z*#._-]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")


class Outbound:
    """The client side of INVITE."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self.domain = ""

    def invite(
        self, to_uri: str, from_number: str, sdp: bytes, target_addr: Address, now: float,
        credentials: Credentials | None, headers: dict[str, str] | None,
    ) -> CallHandle:  # fmt: skip
        """Place a call."""
        parse_uri(to_uri)
        if not _NUMBER.fullmatch(from_number):
            raise ValueError("invite: from_number holds characters that a number cannot have")
        book = self._book
        user = f"{from_number}@" if from_number else ""
        request_headers: Headers = {
            "via": [],
            "max-forwards": ["70"],
            "from": [f"<sip:{user}{self.domain}>;tag={book.token()}"],
            "to": [f"<{to_uri}>"],
            "call-id": [f"{book.token()}@{self.domain}"],
            "cseq": [str(book.rng.randrange(1, 2**16))],
            "contact": [book.contact],
            "allow": [ALLOW],
            "user-agent": [book.user_agent],
        }
        if sdp:
            request_headers["content-type"] = [SDP_TYPE]
        for name, value in (headers or {}).items():
            if not _HEADER_NAME.fullmatch(name) or "\r" in value or "\n" in value:
                raise ValueError(f"invite: header {name!r} is malformed")
            request_headers.setdefault(name.lower(), [value])
        call = book.open(CallState.CALLING)
        if credentials is not None:
            call.digest = DigestClient(credentials, book.token)
        self._send(call, Request("INVITE", to_uri, request_headers, sdp), target_addr, [], now)
        return call.handle

    def _send(
        self, call: Call, model: Request, addr: Address, answered: list[tuple[str, str]], now: float
    ) -> None:
        """Send the INVITE, with the next CSeq and what digest has to add."""
        headers = dict(model.headers)
        headers["via"] = [self._book.layer.new_via(self._book.token())]
        headers["cseq"] = [f"{int(model.first('cseq').split()[0]) + 1} INVITE"]
        if call.digest is not None:
            headers.update(call.digest.headers("INVITE", model.uri))
        request = Request("INVITE", model.uri, headers, model.body)

        def on_response(tx: ClientTransaction, response: Response | None, now: float) -> None:
            if response is None:
                self._failed(call, 408, "Request Timeout")
            elif response.status < 200:
                self._progressed(call, tx, response, now)
            elif response.status < 300:
                self._answered(call, tx, response, now)
            elif not call.cancel_code and self._book.may_retry(call, response, answered):
                self._send(call, request, addr, answered, now)
            elif tx.cancelled and not call.cancel_code:
                self._failed(call, 408, "Nobody answered in time")
            else:
                self._failed(call, response.status, response.reason)

        call.client_tx = self._book.layer.send_request(request, addr, now, on_response)

    def cancel(self, call: Call, now: float) -> None:
        """CANCEL now, or as soon as a provisional answer allows it (9.1)."""
        call.cancel_code = call.cancel_code or 487
        if call.client_tx is not None:
            self._book.layer.send_cancel(call.client_tx, now)

    def _progressed(self, call: Call, tx: ClientTransaction, response: Response, now: float) -> None:
        if call.state is not CallState.CALLING:
            return
        if call.cancel_code:
            self._book.layer.send_cancel(tx, now)
            return
        if response.status == 100:
            return
        has_sdp = bool(response.body) and response.content_type == SDP_TYPE
        if response.status != call.rang and not (response.status == 183 and has_sdp):
            call.rang = response.status
            self._book.events.append(CallRinging(call.handle, response.status))
        if has_sdp and response.body != call.last_sdp:
            call.last_sdp = response.body
            self._book.events.append(EarlyMedia(call.handle, response.status, response.body))

    def _answered(self, call: Call, tx: ClientTransaction, response: Response, now: float) -> None:
        try:
            dialog = Dialog.of_client(tx.request, response, tx.addr)
        except ValueError:  # a Contact that is no URI: all that is left is the address that we called
            response.headers.pop("contact", None)
            dialog = Dialog.of_client(tx.request, response, tx.addr)
        first_of_tag = (tx.request.cseq, dialog.remote_tag) not in call.acks
        if first_of_tag and len(call.acks) >= MAX_FORKS:
            self._book.layer.counters["stray_responses"] += 1
            return
        self._book.acknowledge(call, dialog, tx)
        if not first_of_tag:
            return
        if call.state is not CallState.CALLING or call.cancel_code:
            self._release(call, dialog, now)
            self._failed(call, call.cancel_code or 487, "Request Terminated")
            return
        call.state = CallState.UP
        call.client_tx = None
        self._book.bind(call, dialog)
        sdp = response.body if response.content_type == SDP_TYPE else b""
        self._book.events.append(CallAnswered(call.handle, sdp or call.last_sdp))

    def _release(self, call: Call, dialog: Dialog, now: float) -> None:
        """BYE to a 2xx that nobody wants: a second fork, or one that crossed our CANCEL (13.2.2.4)."""
        layer = self._book.layer
        layer.counters["unwanted_answers"] += 1
        bye = dialog.request("BYE", dialog.next_cseq(), layer.new_via(self._book.token()))
        if call.digest is not None:
            bye.headers.update(call.digest.headers("BYE", bye.uri))
        layer.send_request(bye, dialog.next_hop(), now, _ignore)

    def _failed(self, call: Call, code: int, reason: str) -> None:
        if call.state is CallState.CALLING:
            self._book.layer.counters[f"failed_{code}"] += 1
            self._book.close(call, CallFailed(call.handle, code, readable(reason)))


def _ignore(tx: ClientTransaction, response: Response | None, now: float) -> None:
    """The dialog is over whatever the peer says to this BYE."""
