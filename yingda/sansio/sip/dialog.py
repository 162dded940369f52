"""One side of a SIP dialog (RFC 3261 12): tags, CSeq, route set, remote target."""

from __future__ import annotations

from yingda.sansio.sip.events import Address
from yingda.sansio.sip.message import Headers, Request, Response
from yingda.sansio.sip.uri import is_ipv4, parse_name_addr, parse_uri, parse_via, tag_of


class Dialog:
    """``local`` and ``remote`` are the From and To values of our requests, tags included.

    ``peer`` is the address that the other side's messages come from; requests go there where the next hop
    is named by anything but an IPv4 address, because a core without I/O cannot ask DNS.
    """

    __slots__ = ("call_id", "local", "local_cseq", "peer", "remote", "remote_cseq", "routes", "target")

    def __init__(
        self, call_id: str, local: str, remote: str, local_cseq: int, target: str, peer: Address
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.local_cseq = local_cseq
        self.remote_cseq = -1
        self.routes: list[str] = []
        self.target = target
        self.peer = peer

    @classmethod
    def of_server(cls, invite: Request, local_tag: str, local_cseq: int, peer: Address) -> Dialog:
        """The dialog of an INVITE that came in (12.1.1). Raises ValueError for a bad Contact."""
        local = invite.first("to") + f";tag={local_tag}"
        target = contact_uri(invite)
        if not target and parse_via(invite.first("via")).branch.startswith("z9hG4bK"):
            raise ValueError("header contact is missing")
        if not target:  # RFC 2543 peers may leave it out; they are reached at their From then
            target = parse_name_addr(invite.first("from")).uri
            parse_uri(target)
        dialog = cls(invite.call_id, local, invite.first("from"), local_cseq, target, peer)
        dialog.remote_cseq = invite.cseq
        dialog.routes = list(invite.all("record-route"))
        return dialog

    @classmethod
    def of_client(cls, invite: Request, response: Response, peer: Address) -> Dialog:
        """The dialog of a response to our INVITE (12.1.2). Raises ValueError for a bad Contact."""
        target = contact_uri(response) or invite.uri
        dialog = cls(invite.call_id, invite.first("from"), response.first("to"), invite.cseq, target, peer)
        dialog.routes = list(reversed(response.all("record-route")))
        return dialog

    @property
    def local_tag(self) -> str:
        """Our tag."""
        return tag_of(self.local)

    @property
    def remote_tag(self) -> str:
        """The peer's tag, "" for an RFC 2543 peer."""
        return tag_of(self.remote)

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the dialog in a message."""
        return self.call_id, self.local_tag, self.remote_tag

    def next_cseq(self) -> int:
        """Number of our next request."""
        self.local_cseq += 1
        return self.local_cseq

    def request(
        self, method: str, cseq: int, via: str, extra: Headers | None = None, body: bytes = b""
    ) -> Request:
        """A request inside the dialog (12.2.1.1)."""
        uri, routes = self._route()
        headers: Headers = {
            "via": [via],
            "max-forwards": ["70"],
            "from": [self.local],
            "to": [self.remote],
            "call-id": [self.call_id],
            "cseq": [f"{cseq} {method}"],
        }
        if routes:
            headers["route"] = routes
        headers.update(extra or {})
        return Request(method, uri, headers, body)

    def _route(self) -> tuple[str, list[str]]:
        """Request-URI and Route values; a first proxy without lr gets the old strict routing."""
        if not self.routes:
            return self.target, []
        first = _uri_in(self.routes[0])
        if first is None or parse_uri(first).has_param("lr"):
            return self.target, list(self.routes)
        return first, [*self.routes[1:], f"<{self.target}>"]

    def next_hop(self) -> Address:
        """Where our requests go."""
        uri = (_uri_in(self.routes[0]) if self.routes else None) or self.target
        try:
            parsed = parse_uri(uri)
        except ValueError:
            return self.peer
        return (parsed.host, parsed.port or 5060) if is_ipv4(parsed.host) else self.peer

    def refresh_target(self, contact: str) -> None:
        """Take the Contact of a re-INVITE or its 2xx (12.2); "" changes nothing."""
        if contact:
            self.target = contact


def contact_uri(message: Request | Response) -> str:
    """URI of the Contact, "" without one. Raises ValueError where it is no SIP URI."""
    value = message.first("contact")
    if not value:
        return ""
    uri = parse_name_addr(value).uri
    parse_uri(uri)
    return uri


def _uri_in(route: str) -> str | None:
    try:
        uri = parse_name_addr(route).uri
        parse_uri(uri)
    except ValueError:
        return None
    return uri
