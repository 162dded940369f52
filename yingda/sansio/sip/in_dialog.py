"""Requests inside a call: re-INVITE both ways, BYE, INFO, REFER and NOTIFY (RFC 3261 14, 15; 6086; 3515)."""

from __future__ import annotations

import re
from functools import partial

from yingda.sansio.sip.calls import ALLOW, SDP_TYPE, Call, CallBook, CallState, CallStateError
from yingda.sansio.sip.dialog import contact_uri
from yingda.sansio.sip.events import (
    CallCancelled,
    CallEnded,
    CallHandle,
    DigitSignalled,
    SessionChangeAnswered,
    SessionChanged,
    TransferProgressed,
)
from yingda.sansio.sip.inbound import Inbound, body_problem
from yingda.sansio.sip.layer import Incoming
from yingda.sansio.sip.message import Response
from yingda.sansio.sip.transactions import ClientTransaction
from yingda.sansio.sip.uri import parse_uri

MAX_GLARES = 5
MAX_INFO = 256  # bytes of an INFO body that are looked at
_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*([0-9*#A-Da-d])\s*$", re.MULTILINE)
_DURATION = re.compile(rb"^\s*Duration\s*=\s*([0-9]{1,5})\s*$", re.MULTILINE)
_SIPFRAG = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9])")


class InDialog:
    """What happens inside a call."""

    def __init__(self, book: CallBook, inbound: Inbound) -> None:
        self._book = book
        self._inbound = inbound

    # -- from the peer -----------------------------------------------------------------------------
    def receive(self, call: Call, incoming: Incoming, now: float) -> None:
        """A request of the peer inside the call (12.2.2); the method is one that we allow."""
        request, dialog = incoming.request, call.dialog
        assert dialog is not None
        if request.cseq <= dialog.remote_cseq:
            self._book.refuse(incoming, 500)
            return
        dialog.remote_cseq = request.cseq
        if request.method == "INVITE":
            self._reinvited(call, incoming, now)
            return
        tx = self._book.layer.open_server(incoming, now)
        status = 200
        if request.method == "INFO":
            status = self._signalled(call, request.content_type, request.body)
        elif request.method == "NOTIFY":
            self._notified(call, request.first("event"), request.body)
        response = request.reply(status)
        if request.method == "OPTIONS":
            response.headers["allow"] = [ALLOW]
        response.headers["server"] = [self._book.user_agent]
        self._book.layer.respond(tx, response, now)
        if request.method == "BYE":
            self._ended(call, now)

    def _ended(self, call: Call, now: float) -> None:
        """BYE came: whatever we still have to answer gets 487 (15.1.2)."""
        offered = call.state is CallState.OFFERED
        self._inbound.refuse_pending(call, 487, now)
        event = CallCancelled(call.handle) if offered else CallEnded(call.handle, "remote_bye")
        self._book.close(call, event)

    def _reinvited(self, call: Call, incoming: Incoming, now: float) -> None:
        book, request = self._book, incoming.request
        if call.state is CallState.ACCEPTED and call.unacknowledged and not call.unacknowledged.holds_offer:
            self._inbound.confirm(call, b"", now)  # the ACK was lost or is late; the peer has our 200
        if call.state is CallState.ENDING:
            book.refuse(incoming, 481)
        elif call.client_tx is not None:
            book.layer.counters["glare"] += 1
            book.refuse(incoming, 491)
        elif call.state is not CallState.UP or call.server_tx is not None:
            book.refuse(incoming, 500, {"retry-after": [str(book.rng.randrange(1, 10))]})
        elif status := body_problem(request):
            book.refuse(incoming, status, {"accept": [SDP_TYPE]})
        else:
            try:
                call.peer_contact = contact_uri(request)
            except ValueError:
                book.refuse(incoming, 400)
                return
            tx = book.layer.open_server(incoming, now)
            call.server_tx, tx.user = tx, call
            book.layer.respond(tx, request.reply(100), now)
            book.layer.timers.set(call, "unanswered", now + 64 * book.t1)
            book.events.append(SessionChanged(call.handle, request.body))

    def _signalled(self, call: Call, content_type: str, body: bytes) -> int:
        """INFO with a digit (the form that PBXs use, application/dtmf-relay, or application/dtmf)."""
        if not body:
            return 200
        body = body[:MAX_INFO]
        if content_type == "application/dtmf-relay":
            signal, duration = _SIGNAL.search(body), _DURATION.search(body)
            digit = signal[1].decode() if signal else ""
            length = int(duration[1]) if duration else 0
        elif content_type == "application/dtmf":
            digit, length = body.strip()[:1].decode("ascii", "replace"), 0
        else:
            return 415
        if digit and digit.upper() in "0123456789*#ABCD":
            self._book.events.append(DigitSignalled(call.handle, digit.upper(), length))
            return 200
        return 400

    def _notified(self, call: Call, event: str, body: bytes) -> None:
        status = _SIPFRAG.match(body)
        if status and event.partition(";")[0].strip().lower() == "refer":
            self._book.events.append(TransferProgressed(call.handle, int(status[1])))

    # -- answers to the peer's re-INVITE -----------------------------------------------------------
    def answer_reinvite(self, handle: CallHandle, sdp: bytes, now: float) -> None:
        """200 to the re-INVITE."""
        call = self._with_offer(handle, "answer_reinvite")
        if call.dialog is not None:
            call.dialog.refresh_target(call.peer_contact)
        self._inbound.answer_ok(call, sdp, now)

    def reject_reinvite(self, handle: CallHandle, code: int, now: float) -> None:
        """Refuse the re-INVITE."""
        call = self._with_offer(handle, "reject_reinvite")
        if not 300 <= code <= 699:
            raise ValueError(f"reject_reinvite: code {code}, expected 300-699")
        self._book.layer.counters[f"rejected_{code}"] += 1
        self._inbound.refuse_pending(call, code, now)

    def _with_offer(self, handle: CallHandle, command: str) -> Call:
        call = self._book.get(handle, command, CallState.UP)
        if call.server_tx is None:
            raise CallStateError(f"{command}: call {handle} has no re-INVITE to answer")
        return call

    # -- our own re-INVITE -------------------------------------------------------------------------
    def reinvite(self, handle: CallHandle, sdp: bytes, now: float) -> None:
        """Offer a changed session."""
        if not sdp:
            raise ValueError("reinvite: sdp is empty, expected an offer")
        call = self._book.get(handle, "reinvite", CallState.UP)
        if call.client_tx is not None or call.offer:
            raise CallStateError(f"reinvite: call {handle} has one in progress already")
        call.offer, call.glare_count = sdp, 0
        self.try_reinvite(call, now)

    def try_reinvite(self, call: Call, now: float) -> None:
        """Send the re-INVITE, or wait while the peer's own is in progress."""
        if call.state is not CallState.UP or not call.offer:
            return
        if call.server_tx is not None or call.unacknowledged is not None:
            self._wait(call, now)
            return
        extra = {"content-type": [SDP_TYPE]}
        call.client_tx = self._book.send_in_dialog(
            call, "INVITE", now, partial(self.reinvite_answered, call), extra, call.offer
        )

    def _wait(self, call: Call, now: float) -> None:
        """Try again after the random time of 14.1: longer for the side that made the Call-ID."""
        low, high = (210, 400) if call.we_called else (0, 200)
        self._book.layer.timers.set(call, "glare", now + self._book.rng.randint(low, high) / 100)

    def reinvite_answered(
        self, call: Call, tx: ClientTransaction, response: Response | None, now: float
    ) -> None:
        """Any answer to our re-INVITE."""
        status = response.status if response is not None else 408
        dialog = call.dialog
        if status < 200 or dialog is None:
            return
        if response is not None and status < 300:
            try:
                dialog.refresh_target(contact_uri(response))
            except ValueError:
                self._book.layer.counters["malformed_contact"] += 1
            repeated = (tx.request.cseq, dialog.remote_tag) in call.acks
            self._book.acknowledge(call, dialog, tx)
            if repeated:
                return
        call.client_tx = None
        if call.state is not CallState.UP:
            return
        if status == 491 and call.glare_count < MAX_GLARES:
            call.glare_count += 1
            self._book.layer.counters["glare"] += 1
            self._wait(call, now)
            return
        call.offer = b""
        if status in (408, 481):  # 12.2.1.2: the peer does not know the call any more
            if status == 408:
                self._inbound.send_bye(call, now)
            self._book.close(call, CallEnded(call.handle, "dialog_lost"))
            return
        body = response.body if response is not None and status < 300 else b""
        self._book.events.append(SessionChangeAnswered(call.handle, 200 if status < 300 else status, body))

    # -- transfer ----------------------------------------------------------------------------------
    def refer(self, handle: CallHandle, refer_to_uri: str, now: float) -> None:
        """REFER; its progress comes in NOTIFY."""
        parse_uri(refer_to_uri)
        call = self._book.get(handle, "refer", CallState.UP)
        assert call.dialog is not None
        referred_by = call.dialog.local.rpartition(">")[0] + ">"
        extra = {"refer-to": [f"<{refer_to_uri}>"], "referred-by": [referred_by]}

        def on_answer(tx: ClientTransaction, response: Response | None, now: float) -> None:
            status = response.status if response is not None else 408
            if call.state is CallState.UP and (status == 202 or status >= 300):
                self._book.events.append(TransferProgressed(call.handle, 100 if status == 202 else status))

        self._book.send_in_dialog(call, "REFER", now, on_answer, extra)
