"""Calls that come in: INVITE, ring, accept, reject, ACK, CANCEL (RFC 3261 13.3, 9.2)."""

from __future__ import annotations

from urllib.parse import unquote

from yingda.sansio.sip.calls import SDP_TYPE, Call, CallBook, CallState, Unacknowledged
from yingda.sansio.sip.dialog import Dialog
from yingda.sansio.sip.events import CallCancelled, CallConfirmed, CallEnded, CallHandle, CallOffered
from yingda.sansio.sip.layer import Incoming
from yingda.sansio.sip.message import Request, Response, readable
from yingda.sansio.sip.transactions import ClientTransaction, State
from yingda.sansio.sip.uri import Uri, parse_name_addr, parse_uri, split_list

SDP_RANGES = {SDP_TYPE, "application/*", "*/*"}  # what in Accept allows SDP (20.1)
SHOWN_HEADERS = ("p-asserted-identity", "diversion", "user-agent", "subject")


class Inbound:
    """The server side of INVITE."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def offer(self, incoming: Incoming, to: Uri, now: float) -> None:
        """A new INVITE that nothing speaks against."""
        book, request = self._book, incoming.request
        if status := body_problem(request):
            book.refuse(incoming, status, {"accept": [SDP_TYPE]})
            return
        tag = book.token()
        try:
            dialog = Dialog.of_server(request, tag, book.rng.randrange(1, 2**16), incoming.source)
            caller = parse_name_addr(request.first("from")).uri
        except ValueError:
            book.refuse(incoming, 400)
            return
        tx = book.layer.open_server(incoming, now)
        call = book.open(CallState.OFFERED)
        call.server_tx, tx.user = tx, call
        book.bind(call, dialog)
        book.layer.respond(tx, request.reply(100), now)
        book.layer.timers.set(call, "unanswered", now + book.ring_timeout)
        headers = {
            name: readable(values[0])
            for name, values in request.headers.items()
            if name.startswith("x-") or name in SHOWN_HEADERS
        }
        book.events.append(
            CallOffered(
                call.handle,
                readable(_user_of(caller)),
                readable(to.user),
                request.body,
                readable(request.call_id),
                incoming.source,
                headers,
            )
        )

    def ring(self, handle: CallHandle, sdp: bytes, now: float) -> None:
        """180, or 183 with SDP."""
        call = self._book.get(handle, "ring", CallState.OFFERED)
        self._respond(call, 183 if sdp else 180, now, sdp=sdp)

    def accept(self, handle: CallHandle, sdp: bytes, now: float) -> None:
        """200."""
        call = self._book.get(handle, "accept", CallState.OFFERED)
        self.answer_ok(call, sdp, now)
        call.state = CallState.ACCEPTED

    def reject(self, call: Call, code: int, reason: str, retry_after_s: int, now: float) -> None:
        """3xx-6xx to an offered call."""
        if not 300 <= code <= 699:
            raise ValueError(f"reject: code {code}, expected 300-699")
        self._respond(call, code, now, reason, retry_after_s=retry_after_s)
        self._book.layer.counters[f"rejected_{code}"] += 1
        self._book.close(call, None)

    def answer_ok(self, call: Call, sdp: bytes, now: float) -> None:
        """200 to an INVITE or re-INVITE, repeated from now on until the ACK comes."""
        book, tx, dialog = self._book, call.server_tx, call.dialog
        assert tx is not None and dialog is not None
        response = book.reply(tx, 200, dialog.local_tag, sdp=sdp)
        book.layer.respond(tx, response, now)
        call.unacknowledged = Unacknowledged(tx.data, tx.addr, tx.request.cseq, book.t1, not tx.request.body)
        book.layer.timers.set(call, "2xx", now + book.t1)
        book.layer.timers.set(call, "no ack", now + 64 * book.t1)
        book.layer.timers.cancel(call, "unanswered")
        call.server_tx = None

    def _respond(
        self, call: Call, status: int, now: float, reason: str = "", sdp: bytes = b"", retry_after_s: int = 0
    ) -> None:
        tx, dialog = call.server_tx, call.dialog
        assert tx is not None and dialog is not None
        response = self._book.reply(tx, status, dialog.local_tag, reason, sdp)
        if retry_after_s:
            response.headers["retry-after"] = [str(retry_after_s)]
        self._book.layer.respond(tx, response, now)

    # -- what the caller does ----------------------------------------------------------------------
    def cancelled(self, incoming: Incoming, now: float) -> None:
        """CANCEL: 200 to it, and 487 to the INVITE unless that is answered already."""
        book = self._book
        tx = book.layer.find_cancelled(incoming)
        call: Call | None = tx.user if tx is not None else None
        if tx is None or call is None or call.dialog is None:
            book.refuse(incoming, 481)
            return
        tag = call.dialog.local_tag
        book.layer.reply_once(incoming, incoming.request.reply(200, tag))
        if tx.state is not State.PROCEEDING or call.server_tx is not tx:
            return
        book.layer.respond(tx, book.reply(tx, 487, tag), now)
        if call.state is CallState.OFFERED:
            book.close(call, CallCancelled(call.handle))
        else:  # a re-INVITE was taken back: the session stays as it was
            book.layer.timers.cancel(call, "unanswered")
            call.server_tx = None

    def acknowledged(self, request: Request, now: float) -> None:
        """ACK for a 2xx."""
        call = self._book.of_dialog(request.call_id, request.to_tag, request.from_tag)
        if call is None or call.unacknowledged is None or call.unacknowledged.cseq != request.cseq:
            self._book.layer.counters["stray_acks"] += 1
            return
        self.confirm(call, request.body, now)

    def confirm(self, call: Call, sdp: bytes, now: float) -> None:
        """The peer has our 2xx."""
        waiting = call.unacknowledged
        if waiting is None:
            return
        call.unacknowledged = None
        self._book.layer.timers.cancel(call, "2xx")
        self._book.layer.timers.cancel(call, "no ack")
        first = call.state is CallState.ACCEPTED
        if first:
            call.state = CallState.UP
        if first or waiting.holds_offer:
            self._book.events.append(CallConfirmed(call.handle, sdp if waiting.holds_offer else b""))
        if call.hang_up_wanted:
            self.send_bye(call, now)

    # -- timers ------------------------------------------------------------------------------------
    def repeat_ok(self, call: Call, now: float) -> None:
        """Timer of the 2xx: T1 doubling up to T2 (13.3.1.4)."""
        waiting = call.unacknowledged
        if waiting is not None:
            self._book.layer.counters["retransmissions_sent"] += 1
            self._book.layer.transmit(waiting.data, waiting.addr)
            waiting.interval = min(2 * waiting.interval, self._book.t2)
            self._book.layer.timers.set(call, "2xx", now + waiting.interval)

    def give_up_ack(self, call: Call, now: float) -> None:
        """No ACK in 64*T1: BYE, and the call is over."""
        self._book.layer.counters["no_ack"] += 1
        if call.state is not CallState.ENDING:
            self._book.send_in_dialog(call, "BYE", now, _ignore)
        self._book.close(call, CallEnded(call.handle, "no_ack"))

    def give_up_offer(self, call: Call, now: float) -> None:
        """Nobody here answered the INVITE or re-INVITE: 480 or 488, so that no call hangs for ever."""
        self._book.layer.counters["unanswered"] += 1
        offered = call.state is CallState.OFFERED
        self.refuse_pending(call, 480 if offered else 488, now)
        if offered:
            self._book.close(call, CallCancelled(call.handle))

    def refuse_pending(self, call: Call, status: int, now: float) -> None:
        """Give the peer's INVITE or re-INVITE a final answer, if it still waits for one."""
        tx, dialog = call.server_tx, call.dialog
        if tx is not None and dialog is not None:
            self._book.layer.respond(tx, self._book.reply(tx, status, dialog.local_tag), now)
            self._book.layer.timers.cancel(call, "unanswered")
            call.server_tx = None

    # -- end ---------------------------------------------------------------------------------------
    def send_bye(self, call: Call, now: float) -> None:
        """BYE; the call is over when it is answered."""
        self.refuse_pending(call, 487, now)
        call.state = CallState.ENDING

        def on_answer(tx: ClientTransaction, response: Response | None, now: float) -> None:
            if response is None or response.status >= 200:
                cause = "bye_timeout" if response is None else "local_bye"
                self._book.close(call, CallEnded(call.handle, cause))

        self._book.send_in_dialog(call, "BYE", now, on_answer)


def body_problem(request: Request) -> int:
    """415: the body is anything but plain SDP; 406: the caller takes no SDP in our answer; else 0."""
    if request.first("content-encoding", "identity").lower() != "identity":
        return 415
    if request.body and request.content_type != SDP_TYPE:
        return 415
    accepted = [value for text in request.all("accept") for value in split_list(text)]
    ranges = {value.partition(";")[0].strip().lower() for value in accepted}
    return 406 if ranges and not ranges & SDP_RANGES else 0


def _user_of(uri: str) -> str:
    try:
        return parse_uri(uri).user
    except ValueError:
        return unquote(uri.partition(":")[2].partition("@")[0])[:64]


def _ignore(tx: ClientTransaction, response: Response | None, now: float) -> None:
    """The call is over whatever the peer says to this BYE."""
