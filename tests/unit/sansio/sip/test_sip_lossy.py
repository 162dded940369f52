"""Two agents joined by a wire that loses and reorders: every call ends, and nothing is left over."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sip_wire import ANSWER, OFFER, PEER, US, Wire

from yingda.sansio.sip import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallOffered,
    CallStateError,
    Event,
    SessionChangeAnswered,
    SessionChanged,
    UserAgent,
)


@pytest.mark.requirement(206)
@pytest.mark.parametrize("seed", [1, 2])
def test_hundred_calls_with_a_fifth_of_the_packets_lost(seed: int) -> None:
    counts: Counter[str] = Counter()

    def on_event(agent: UserAgent, event: Event, now: float) -> None:
        counts[type(event).__name__] += 1
        if isinstance(event, CallOffered):
            agent.ring(event.call, now)
            agent.accept(event.call, ANSWER, now)
        elif isinstance(event, CallAnswered):
            agent.hang_up(event.call, now)
        elif isinstance(event, CallEnded):
            counts[event.cause] += 1

    wire = Wire(0.2, seed, on_event)
    for second in range(10):
        for _ in range(10):
            wire.agents[US].invite("sip:10086@192.0.2.2", "95588", OFFER, PEER, wire.now)
        wire.run(second + 1.0)
    wire.run(200.0)
    assert counts["CallAnswered"] == 100
    assert counts["CallOffered"] == 100
    assert counts["CallEnded"] == 200
    assert counts["local_bye"] + counts["bye_timeout"] == 100
    for agent in wire.agents.values():
        assert (agent.call_count, agent.transaction_count, agent.get_timer()) == (0, 0, None)
        assert agent.counters["malformed"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_anything_at_any_time_leaves_nothing_behind(seed: int) -> None:
    """Both sides do random things to their calls; no command breaks the agent and every call ends."""
    dice = random.Random(seed)
    live: dict[int, set[int]] = {0: set(), 1: set()}

    def act(agent: UserAgent, call: int, now: float) -> None:
        deed = dice.randrange(9)
        try:
            if deed == 0:
                agent.cancel(call, now)
            elif deed == 1:
                agent.hang_up(call, now)
            elif deed in (2, 3, 4):
                agent.reinvite(call, OFFER, now)
            elif deed == 5:
                agent.refer(call, "sip:10010@192.0.2.2", now)
            elif deed == 6:
                agent.ring(call, now, ANSWER)
        except CallStateError:
            pass

    def on_event(agent: UserAgent, event: Event, now: float) -> None:
        mine = live[0 if agent is wire.agents[US] else 1]
        if isinstance(event, CallOffered):
            if dice.random() < 0.1:
                agent.reject(event.call, 486, now)
                return
            mine.add(event.call)
            agent.ring(event.call, now)
            if dice.random() < 0.7:
                agent.accept(event.call, ANSWER, now)
        elif isinstance(event, SessionChanged):
            if dice.random() < 0.8:
                agent.answer_reinvite(event.call, ANSWER, now)
        elif isinstance(event, (CallEnded, CallFailed)):
            mine.discard(event.call)

    wire = Wire(0.15, seed, on_event)
    for step in range(150):
        for index, addr in enumerate((US, PEER)):
            agent, mine = wire.agents[addr], live[index]
            if step < 60:
                mine.add(agent.invite("sip:1@192.0.2.2", "2", OFFER, PEER if addr == US else US, wire.now))
            for call in sorted(mine):
                if dice.random() < 0.1:
                    act(agent, call, wire.now)
        wire.run(wire.now + 0.2)
    for agent in wire.agents.values():
        for call in range(1, 400):
            agent.hang_up(call, wire.now)
    wire.run(wire.now + 500.0)
    for agent in wire.agents.values():
        assert (agent.call_count, agent.transaction_count, agent.get_timer()) == (0, 0, None)


def test_both_sides_change_the_session_at_once_and_both_get_there() -> None:
    """Glare: both get 491, wait for different times and try again (RFC 3261 14.1)."""
    seen: list[Event] = []
    calls: dict[int, int] = {}

    def on_event(agent: UserAgent, event: Event, now: float) -> None:
        seen.append(event)
        if isinstance(event, CallOffered):
            agent.accept(event.call, ANSWER, now)
            calls[id(agent)] = event.call
        elif isinstance(event, SessionChanged):
            agent.answer_reinvite(event.call, ANSWER, now)

    wire = Wire(0.0, 1, on_event)
    ours, theirs = wire.agents[US], wire.agents[PEER]
    call = ours.invite("sip:10086@192.0.2.2", "95588", OFFER, PEER, 0.0)
    wire.run(1.0)
    assert any(isinstance(event, CallConfirmed) for event in seen)
    ours.reinvite(call, OFFER, 1.0)
    theirs.reinvite(calls[id(theirs)], OFFER, 1.0)
    wire.run(10.0)
    answers = [event.code for event in seen if isinstance(event, SessionChangeAnswered)]
    assert answers == [200, 200]
    assert ours.counters["glare"] + theirs.counters["glare"] >= 2
