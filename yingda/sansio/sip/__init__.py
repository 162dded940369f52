"""SIP user agent core: no sockets, clock, threads, logging. Start reading at user_agent.py and events.py."""

from __future__ import annotations

from yingda.sansio.sip import sdp
from yingda.sansio.sip.events import (
    Address,
    CallAnswered,
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallHandle,
    CallOffered,
    CallRinging,
    DigitSignalled,
    EarlyMedia,
    Event,
    Registered,
    RegistrationFailed,
    RegistrationHandle,
    SessionChangeAnswered,
    SessionChanged,
    TransferProgressed,
)
from yingda.sansio.sip.user_agent import CallStateError, Credentials, UserAgent, UserAgentConfig

__all__ = [
    "Address",
    "CallAnswered",
    "CallCancelled",
    "CallConfirmed",
    "CallEnded",
    "CallFailed",
    "CallHandle",
    "CallOffered",
    "CallRinging",
    "CallStateError",
    "Credentials",
    "DigitSignalled",
    "EarlyMedia",
    "Event",
    "Registered",
    "RegistrationFailed",
    "RegistrationHandle",
    "SessionChangeAnswered",
    "SessionChanged",
    "TransferProgressed",
    "UserAgent",
    "UserAgentConfig",
    "sdp",
]
