"""All calls of the gateway: SIP events in, admission, media, and the calls themselves."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from yingda.gateway import media_events as media
from yingda.gateway.call import Call, Parties, Services
from yingda.gateway.media import MediaEngine, MediaError, MediaLeg
from yingda.gateway.settings import TrunkSettings
from yingda.gateway.sip_endpoint import SipEndpoint
from yingda.gateway.vad import Vad, VoiceChange
from yingda.sansio import sip
from yingda.sansio.sip import sdp
from yingda.sansio.turns import events as ev

log = logging.getLogger(__name__)

_TAIL_S = 0.3  # the peer's jitter buffer still holds the last words when our last packet is out
_FAILURES = {
    486: "busy",
    600: "busy",
    408: "no_answer",
    480: "no_answer",
    487: "no_answer",
    404: "invalid_number",
}


class Refused(Exception):
    """A call cannot be placed; ``status`` is the HTTP status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class _Line:
    """The SIP side of a call."""

    handle: sip.CallHandle
    call: Call
    local_host: str
    session_id: int
    version: int = 1
    is_connected: bool = False
    is_leaving: bool = False
    ring_timer: asyncio.TimerHandle | None = None


class Calls:
    """Use from the event loop's thread only, after ``start``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        s = services.settings
        host = s.sip.public_host or local_host(("192.0.2.1", 9))
        config = sip.UserAgentConfig(
            host,
            s.sip.port,
            s.sip.user,
            max_calls=s.calls.max_calls,
            max_invites_per_s=s.calls.max_invites_per_s,
        )
        self._sip = SipEndpoint(config, self._on_sip, s.sip.bind_host)
        self._media = MediaEngine(s.media, vault=services.vault)
        self._vad = Vad(s.vad, s.media.max_legs, self._voice_from_thread)
        self._lines: dict[sip.CallHandle, _Line] = {}
        self._by_leg: dict[int, _Line] = {}
        self._loop = asyncio.get_running_loop()
        self._session_id = secrets.randbelow(1 << 30)
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    async def start(self) -> None:
        """Bind the SIP port (OSError when taken) and start the media and voice detection threads."""
        self._vad.start()
        self._media.start(self._on_tick, self._loop)
        await self._sip.start()

    async def stop(self) -> None:
        await self._sip.close()
        await asyncio.to_thread(self._media.stop)
        await asyncio.to_thread(self._vad.stop)

    # What others may ask

    @property
    def count(self) -> int:
        """Calls that are not over."""
        return len(self._lines)

    def listed(self) -> list[dict[str, str]]:
        """Each call's id, direction and state; no numbers."""
        lines = self._lines.values()
        return [
            {
                "call_id": line.call.parties.call_id,
                "direction": line.call.parties.direction,
                "state": line.call.state if line.is_connected else "ringing",
            }
            for line in lines
        ]

    def gauges(self) -> dict[str, float]:
        """Numbers of the moment, for metrics."""
        stats = self._media.stats()
        values: dict[str, float] = {"calls": self.count, "vad_windows": self._vad.windows}
        for name, value in stats.items():
            if isinstance(value, int | float):
                values[f"media_{name}"] = value
        for name, value in stats.get("lateness_ms", {}).items():
            values[f"media_lateness_{name}_ms"] = value
        values.update({f"sip_{name}": value for name, value in self._sip.agent.counters.items()})
        return values

    def drain(self) -> None:
        """Take no new calls."""
        self._sip.agent.draining = True

    async def wait_until_none(self) -> None:
        """Return when the last call is over."""
        await self._is_empty.wait()

    def close_all(self, reason: str) -> None:
        """Say goodbye in every call."""
        for line in list(self._lines.values()):
            line.call.close_politely(reason)

    def speech_changed(self, is_up: bool) -> None:
        for line in list(self._lines.values()):
            if line.is_connected:
                line.call.speech_changed(is_up)

    def place(self, parties: Parties, trunk_name: str | None, ring_timeout_ms: int | None) -> None:
        """Place a call; what becomes of it is told on ``calls:events``.  Raises Refused."""
        s = self._services.settings
        if self._sip.agent.draining:
            raise Refused(503, "the gateway is draining; place the call on another one")
        if self.count >= s.calls.max_calls:
            raise Refused(503, f"all {s.calls.max_calls} lines are taken; try again later")
        if any(line.call.parties.call_id == parties.call_id for line in self._lines.values()):
            raise Refused(409, "there is a call with this call_id")
        uri, address, credentials = self._route(parties.customer_number, trunk_name)
        try:
            leg = self._media.open_leg(parties.call_id, parties.customer_number, parties.record)
        except MediaError as error:
            raise Refused(503, str(error)) from error
        host = s.sip.public_host or local_host(address)
        self._session_id += 1
        offer = sdp.build_offer(host, leg.local_port, self._session_id)
        try:
            handle = self._sip.invite(uri, parties.our_number, offer, address, credentials)
        except ValueError as error:
            leg.close()
            raise Refused(422, str(error)) from error
        line = self._add(handle, parties, leg, host)
        ring_s = (ring_timeout_ms or s.calls.ring_timeout_ms) / 1000
        line.ring_timer = self._loop.call_later(ring_s, self._sip.cancel, handle)

    def hang_up(self, call_id: str) -> bool:
        """End a call politely (or cancel it while it rings); False if there is none."""
        for line in list(self._lines.values()):
            if line.call.parties.call_id == call_id:
                if line.is_connected:
                    line.call.close_politely("cancelled")
                else:
                    self._sip.cancel(line.handle)
                return True
        return False

    def _route(self, number: str, trunk_name: str | None) -> tuple[str, sip.Address, sip.Credentials | None]:
        if number.startswith("sip:") and trunk_name is None:
            host, _, port = number.partition("@")[2].partition(";")[0].partition(":")
            return number, (host, int(port or 5060)), None
        trunks = self._services.settings.trunks
        trunk = next((t for t in trunks if t.name == trunk_name), None)
        if trunk is None:
            known = ", ".join(t.name for t in trunks) or "none is configured"
            raise Refused(
                422, f"trunk: got {trunk_name!r}, expected one of settings/gateway.yml trunks ({known})"
            )
        return f"sip:{number}@{trunk.host}:{trunk.port}", (trunk.host, trunk.port), _credentials(trunk)

    # SIP

    def _on_sip(self, event: sip.Event) -> None:
        if isinstance(event, sip.CallOffered):
            self._on_offer(event)
            return
        if isinstance(event, sip.Registered | sip.RegistrationFailed):
            return
        line = self._lines.get(event.call)
        if line is None:
            return
        match event:
            case sip.CallConfirmed(_, body) if not line.is_connected:
                if body:
                    self._connect_media(line, body)
                self._connected(line)
            case sip.CallAnswered(_, body):
                if self._connect_media(line, body):
                    self._connected(line)
            case sip.SessionChanged(_, body):
                self._on_reinvite(line, body)
            case sip.DigitSignalled(_, digit):
                line.call.feed(ev.DigitReceived(digit))
            case sip.CallRinging():
                self._services.recorder.publish("call_ringing", line.call.parties.call_id, {})
            case sip.CallFailed(_, code, _):
                self._remove(line, _FAILURES.get(code, "failed"), code)
            case sip.CallCancelled():
                self._remove(line, "customer_hung_up", 487)
            case sip.CallEnded(_, cause):
                self._remove(line, "customer_hung_up" if cause == "remote_bye" else cause)

    def _on_offer(self, offer: sip.CallOffered) -> None:
        s = self._services.settings
        if self.count >= s.calls.max_calls:
            self._services.metrics.count("calls_refused")
            self._sip.reject(offer.call, 503, retry_after_s=5)
            return
        call_id = new_call_id()
        try:
            media_plan = _negotiate(offer.sdp) if offer.sdp else None
            leg = self._media.open_leg(call_id, offer.from_number)
        except sdp.SdpError as error:
            self._services.metrics.count("calls_refused")
            self._sip.reject(offer.call, error.code)
            return
        except MediaError:
            self._services.metrics.count("calls_refused")
            self._sip.reject(offer.call, 503, retry_after_s=5)
            return
        host = s.sip.public_host or local_host(offer.peer)
        parties = Parties(call_id, "inbound", offer.from_number, offer.to_number)
        line = self._add(offer.call, parties, leg, host)
        if media_plan is None:
            body = sdp.build_offer(host, leg.local_port, line.session_id)
        else:
            description, plan = media_plan
            body = sdp.answer(description, plan, host, leg.local_port, line.session_id)
            _connect_leg(leg, plan)
        self._sip.ring(offer.call)
        self._sip.accept(offer.call, body)

    def _add(self, handle: sip.CallHandle, parties: Parties, leg: MediaLeg, host: str) -> _Line:
        self._session_id += 1
        hang_up: Callable[[str], None] = lambda reason: self._leave(handle)  # noqa: E731
        line = _Line(handle, Call(self._services, parties, leg, hang_up), host, self._session_id)
        self._lines[handle] = self._by_leg[leg.leg_id] = line
        self._is_empty.clear()
        self._services.metrics.count(f"calls_{parties.direction}")
        return line

    def _connected(self, line: _Line) -> None:
        line.is_connected = True
        if line.ring_timer is not None:
            line.ring_timer.cancel()
        line.call.connected()

    def _connect_media(self, line: _Line, body: bytes) -> bool:
        try:
            _, plan = _negotiate(body)
        except sdp.SdpError as error:
            log.warning("call %s: %s", line.call.parties.call_id, error)
            self._sip.hang_up(line.handle)
            self._remove(line, "failed", error.code)
            return False
        _connect_leg(line.call.leg, plan)
        return True

    def _on_reinvite(self, line: _Line, body: bytes) -> None:
        line.version += 1
        port, identity = line.call.leg.local_port, (line.session_id, line.version)
        if not body:
            self._sip.answer_reinvite(line.handle, sdp.build_offer(line.local_host, port, *identity))
            return
        try:
            description, plan = _negotiate(body)
        except sdp.SdpError as error:
            self._sip.reject_reinvite(line.handle, error.code)
            return
        self._sip.answer_reinvite(
            line.handle, sdp.answer(description, plan, line.local_host, port, *identity)
        )
        _connect_leg(line.call.leg, plan)

    def _leave(self, handle: sip.CallHandle) -> None:
        line = self._lines.get(handle)
        if line is not None and not line.is_leaving:
            line.is_leaving = True
            self._loop.call_later(_TAIL_S, self._end, line)

    def _end(self, line: _Line) -> None:
        if line.handle in self._lines:
            self._sip.hang_up(line.handle)
            self._remove(line, "bot_hung_up")

    def _remove(self, line: _Line, reason: str, code: int | None = None) -> None:
        if line.ring_timer is not None:
            line.ring_timer.cancel()
        del self._lines[line.handle]
        if not self._lines:
            self._is_empty.set()
        self._by_leg.pop(line.call.leg.leg_id, None)
        self._vad.forget(line.call.leg.leg_id)
        self._services.metrics.count("calls_ended")
        line.call.ended(reason, code)

    # Media

    def _on_tick(self, events: list[media.MediaEvent]) -> None:
        for event in events:
            if isinstance(event, media.FramesReceived):
                self._on_frames(event)
                continue
            line = self._by_leg.get(event.leg)
            if line is None:
                continue
            if isinstance(event, media.MediaTimeout):
                log.warning("call %s: no audio for %d ms", line.call.parties.call_id, event.silent_for_ms)
                self._sip.hang_up(line.handle)
                self._remove(line, "media_timeout")
            else:
                line.call.media_happened(event)

    def _on_frames(self, frames: media.FramesReceived) -> None:
        self._services.history.add(frames)
        self._vad.push(frames)
        listening = {leg: line.call for leg, line in self._by_leg.items() if line.call.is_listening}
        if listening:
            for row, leg in enumerate(frames.leg_ids.tolist()):
                if leg in listening:
                    listening[leg].hear(frames.pcm[row])

    def _voice_from_thread(self, changes: list[VoiceChange]) -> None:
        self._loop.call_soon_threadsafe(self._voice_changed, changes)

    def _voice_changed(self, changes: list[VoiceChange]) -> None:
        for change in changes:
            line = self._by_leg.get(change.leg)
            if line is not None and line.is_connected:
                line.call.voice_changed(change)


def _negotiate(body: bytes) -> tuple[sdp.SessionDescription, sdp.Media]:
    description = sdp.parse(body)
    return description, sdp.negotiate(description)


def _connect_leg(leg: MediaLeg, plan: sdp.Media) -> None:
    remote = (plan.remote_host, plan.remote_port)
    leg.connect(remote, plan.payload_type, plan.ptime_ms, plan.dtmf_payload_type)
    leg.hold(plan.on_hold)


def _credentials(trunk: TrunkSettings) -> sip.Credentials | None:
    if trunk.username is None:
        return None
    return sip.Credentials(trunk.username, trunk.password or "")


def new_call_id() -> str:
    """Sorts by time and is not to be guessed."""
    return f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def local_host(peer: tuple[str, int]) -> str:
    """Our address as ``peer`` sees it; loopback where there is no way to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(peer)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
