"""Where a new request goes: the checks of RFC 3261 8.2 in their order, then a call."""

from __future__ import annotations

from yingda.sansio.sip.admission import Admission
from yingda.sansio.sip.calls import ALLOW, SDP_TYPE, CallBook
from yingda.sansio.sip.config import UserAgentConfig
from yingda.sansio.sip.in_dialog import InDialog
from yingda.sansio.sip.inbound import Inbound
from yingda.sansio.sip.layer import Incoming
from yingda.sansio.sip.message import KNOWN_METHODS, Request
from yingda.sansio.sip.uri import UnknownScheme, Uri, parse_uri

METHODS = frozenset(ALLOW.split(", "))
MAX_TRANSACTIONS = 20_000  # some 100 MB; 300 calls at 50 a second need 5,000


class Dispatcher:
    """The transaction user of the layer."""

    def __init__(
        self, config: UserAgentConfig, book: CallBook, inbound: Inbound, in_dialog: InDialog
    ) -> None:
        self._config = config
        self._admission = Admission(config.max_invites_per_s)
        self._book = book
        self._inbound = inbound
        self._in_dialog = in_dialog

    def on_ack(self, request: Request, now: float) -> None:
        """ACK for a 2xx."""
        self._inbound.acknowledged(request, now)

    def on_request(self, incoming: Incoming, now: float) -> None:
        """A request without a transaction."""
        request, book, config = incoming.request, self._book, self._config
        if request.method == "ACK":
            self._inbound.acknowledged(request, now)
        elif config.allowed_peers and incoming.source[0] not in config.allowed_peers:
            book.refuse(incoming, 403)
        elif request.method == "CANCEL":
            self._inbound.cancelled(incoming, now)
        elif request.method not in METHODS:
            book.refuse(incoming, 405 if request.method in KNOWN_METHODS else 501, {"allow": [ALLOW]})
        else:
            try:
                to = parse_uri(request.uri)
            except UnknownScheme:
                book.refuse(incoming, 416)
                return
            except ValueError:
                book.refuse(incoming, 400)
                return
            self._inspected(incoming, to, now)

    def _inspected(self, incoming: Incoming, to: Uri, now: float) -> None:
        """Request-URI and method are fine: look at the headers."""
        request, book = incoming.request, self._book
        required = request.all("require")
        if to.headers:
            book.refuse(incoming, 400)
        elif not request.to_tag and book.layer.is_merged(incoming):
            book.refuse(incoming, 482)
        elif required:  # we support no extension that a peer may require
            book.refuse(incoming, 420, {"unsupported": required})
        elif request.to_tag:
            call = book.of_dialog(request.call_id, request.to_tag, request.from_tag)
            if call is None:
                book.refuse(incoming, 481)
            else:
                self._in_dialog.receive(call, incoming, now)
        elif request.method == "INVITE":
            self._invited(incoming, to, now)
        elif request.method == "OPTIONS":
            self._asked(incoming)
        else:
            book.refuse(incoming, 481)

    def _invited(self, incoming: Incoming, to: Uri, now: float) -> None:
        """Admission: refused without transaction, call or event, so that a flood leaves nothing behind."""
        book = self._book
        reason = ""
        if book.draining:
            reason = "draining"
        elif len(book) >= self._config.max_calls or book.layer.transaction_count >= MAX_TRANSACTIONS:
            reason = "overload"
        elif not self._admission.admits(incoming.source[0], now):
            reason = "rate"
        if reason:
            book.layer.counters[f"refused_{reason}"] += 1
            book.refuse(incoming, 503, {"retry-after": [str(self._config.retry_after_s)]})
        else:
            self._inbound.offer(incoming, to, now)

    def _asked(self, incoming: Incoming) -> None:
        """OPTIONS: load balancers ping with it, so a draining agent says 503 here too."""
        book = self._book
        if book.draining:
            book.refuse(incoming, 503, {"retry-after": [str(self._config.retry_after_s)]})
            return
        extra = {
            "contact": [book.contact],
            "allow": [ALLOW],
            "accept": [SDP_TYPE],
            "supported": [""],
            "server": [book.user_agent],
        }
        book.refuse(incoming, 200, extra)
