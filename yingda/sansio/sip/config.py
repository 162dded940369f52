"""Settings of a user agent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UserAgentConfig:
    """``host``/``port``: what we put in Via and Contact (reachable by peers). Times in seconds."""

    host: str
    port: int = 5060
    user: str = "yingda"
    user_agent: str = "Yingda"
    max_calls: int = 1000  # beyond it a new INVITE gets 503 with Retry-After
    max_invites_per_s: float = 0.0  # of one source address; beyond it likewise. 0 = no limit
    retry_after_s: int = 5
    t1: float = 0.5  # round trip estimate, RFC 3261 17.1.1.1
    t2: float = 4.0  # longest retransmission interval of requests other than INVITE and of answers to INVITE
    t4: float = 5.0  # longest life of a datagram in the network
    ring_timeout_s: float = 180.0  # timer C: an INVITE that nobody answers is cancelled, or gets 480
    domain: str = ""  # host part of our From; "" = host
    allowed_peers: tuple[str, ...] = ()  # IPv4 addresses whose requests we take (others get 403); empty = all
