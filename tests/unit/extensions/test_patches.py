"""Patches belong to one version of Rasa: a new version fails here until somebody has looked.

What a patch replaces is kept and asked the same, so that the answers can be compared.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rasa
from jsonschema import ValidationError
from rasa.core import processor
from rasa.core.actions import action as rasa_actions
from rasa.core.actions.action import RemoteAction
from rasa.core.lock_store import LockStore
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.shared.importers.importer import E2EImporter, TrainingDataImporter
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.utils.endpoints import EndpointConfig

from extensions import patches
from extensions.patches import (
    action_response,
    action_session,
    debug_copies,
    default_actions,
    event_kinds,
    graph_runner,
    guard,
    last_action,
    past_states,
    rules,
    tracker_copy,
    training_data,
)
from tests.unit.extensions.made_up_calls import DOMAIN, conversation

TARGETS = (
    (RemoteAction, "_validate_action_result"),
    (EndpointConfig, "session"),
    (DaskGraphRunner, "run"),
    (Domain, "states_for_tracker_history"),
    (RulePolicy, "_get_possible_keys"),
    (DialogueStateTracker, "copy"),
    (processor, "copy"),
    (Event, "resolve_by_type"),
    (rasa_actions, "default_actions"),
    (RemoteAction, "run"),
)
STOCK = {(owner, name): getattr(owner, name) for owner, name in TARGETS}


@pytest.fixture(autouse=True)
def stock_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for owner, name in TARGETS:
        monkeypatch.setattr(owner, name, getattr(owner, name))
    yield


def test_the_version_is_the_one_that_was_looked_at() -> None:
    assert rasa.__version__ == guard.WRITTEN_FOR
    assert "wait_time_in_seconds" in inspect.signature(LockStore.lock).parameters


def test_every_patch_changes_something_and_another_version_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {(owner, name): getattr(owner, name) for owner, name in TARGETS}
    with monkeypatch.context() as other:
        other.setattr(rasa, "__version__", "3.7.0")
        assert patches.apply_all() == []
        assert {(owner, name): getattr(owner, name) for owner, name in TARGETS} == before
        assert not training_data.apply()
    assert len(patches.apply_all()) == len(TARGETS)
    assert not any(getattr(owner, name) is STOCK[owner, name] for owner, name in TARGETS)


@pytest.mark.parametrize(
    "answer",
    [
        {"events": [], "responses": [{"text": "好"}]},
        {},
        {"events": [{"event": "slot", "name": "awaiting", "value": "more", "timestamp": None}]},
        {"events": [{"event": "action", "name": "action_listen", "confidence": None, "policy": None}]},
        {"events": [{"event": "session_started"}, {"event": "bot", "text": "好", "metadata": {}}]},
        {"events": "none"},
        {"events": ["slot"]},
        {"events": [{"name": "awaiting"}]},
        {"events": [{"event": "slot", "value": 1}]},
        {"events": [{"event": "no such"}]},
        {"events": [{"event": ["slot"]}]},
        {"events": [{"event": "slot", "name": "awaiting", "value": 1, "timestamp": "now"}]},
        {"responses": ["好"]},
        {"responses": {}},
        [],
        None,
    ],
)
def test_answers_are_checked_as_before(answer: Any) -> None:
    action = RemoteAction("action_x", None)

    def passes(check: Any) -> bool:
        try:
            return bool(check(action, answer))
        except ValidationError:
            return False

    assert action_response.apply()
    assert passes(RemoteAction._validate_action_result) == passes(
        STOCK[RemoteAction, "_validate_action_result"]
    )


class Adds(GraphComponent):
    """A node that counts."""

    @classmethod
    def create(cls, config: Any, **rest: Any) -> Adds:
        return cls()

    def add(self, a: int, b: int) -> int:
        return a + b

    def fail(self, a: int) -> int:
        raise RuntimeError("no")


def node(needs: dict[str, str], fn: str = "add") -> SchemaNode:
    return SchemaNode(needs=needs, uses=Adds, constructor_name="create", fn=fn, config={}, eager=True)


def test_the_graph_gives_what_dask_gives(tmp_path: Any) -> None:
    schema = GraphSchema(
        {
            "twice": node({"a": "input", "b": "input"}),
            "thrice": node({"a": "twice", "b": "input"}),
            "unused": node({"a": "nowhere", "b": "input"}),
            "fails": node({"a": "input"}, "fail"),
        }
    )
    runner = DaskGraphRunner(schema, LocalModelStorage(tmp_path), ExecutionContext(schema))
    expected = STOCK[DaskGraphRunner, "run"](runner, {"input": 7}, ["thrice", "twice"])
    assert graph_runner.apply()
    assert runner.run({"input": 7}, ["thrice", "twice"]) == expected == {"thrice": 21, "twice": 14}
    for wrong in ("unused", "fails"):
        with pytest.raises(Exception) as theirs:
            STOCK[DaskGraphRunner, "run"](runner, {"input": 7}, [wrong])
        with pytest.raises(type(theirs.value)):
            runner.run({"input": 7}, [wrong])
    with pytest.raises(GraphRunError):
        runner.run({"input": "twice"}, ["thrice"])


def test_actions_of_rasa_are_made_once_for_an_endpoint() -> None:
    assert default_actions.apply()
    here, there = EndpointConfig("http://a"), EndpointConfig("http://b")
    stock = [x.name() for x in STOCK[rasa_actions, "default_actions"](here)]
    first, again, other = (rasa_actions.default_actions(x) for x in (here, here, there))
    assert [x.name() for x in first] == stock == [x.name() for x in rasa_actions.default_actions()]
    assert all(a is b for a, b in zip(first, again, strict=True)) and first[-1] is not other[-1]


def test_events_are_found_by_name_as_before() -> None:
    assert event_kinds.apply()
    stock = STOCK[Event, "resolve_by_type"]
    for name in ("slot", "user", "action", "slot", "active_loop", "topic"):
        assert Event.resolve_by_type(name) is stock(name)
    assert Event.resolve_by_type("new", SlotSet) is stock("new", SlotSet) is SlotSet
    with pytest.raises(ValueError):
        Event.resolve_by_type("new")


@pytest.mark.parametrize("seed", range(20))
def test_the_past_looks_as_before_at_every_moment(seed: int) -> None:
    ways: list[dict[str, Any]] = [
        {},
        {"omit_unset_slots": True},
        {
            "ignore_rule_only_turns": True,
            "rule_only_data": {"rule_only_slots": ["order"], "rule_only_loops": []},
        },
        {
            "ignore_rule_only_turns": True,
            "rule_only_data": {"rule_only_slots": [], "rule_only_loops": ["some_form"]},
        },
    ]
    assert past_states.apply()
    events = conversation(random.Random(seed), 12)
    live = DialogueStateTracker("c1", DOMAIN.slots)
    for number, event in enumerate(events):
        live.update(event)
        if number % 7 == 3:  # the next turn, as the tracker store gives it back
            live = DialogueStateTracker.from_events("c1", list(live.events), DOMAIN.slots)
        for way in ways:
            found = DOMAIN.states_for_tracker_history(live, **way)
            assert found == STOCK[Domain, "states_for_tracker_history"](DOMAIN, live, **way)
            for state in found:  # policies change what they get
                state.get("user", {}).clear()


def test_another_conversation_of_the_same_name_is_walked_anew() -> None:
    assert past_states.apply()
    for text in ("ask", "deny"):
        events = [ActionExecuted("action_listen"), UserUttered("好", {"name": text})]
        tracker = DialogueStateTracker.from_events("c1", events, DOMAIN.slots)
        assert DOMAIN.states_for_tracker_history(tracker)[-1]["user"]["intent"] == text


def test_the_same_rules_are_found(tmp_path: Any) -> None:
    chance = random.Random(3)
    policy = RulePolicy(
        RulePolicy.get_default_config(), LocalModelStorage(tmp_path), None, ExecutionContext(GraphSchema({}))
    )
    lookup = {}
    for _ in range(300):
        states: list[dict[str, Any]] = [{"prev_action": {"action_name": "action_listen"}}]
        for _ in range(chance.randint(0, 2)):
            states.append(state(chance))
        lookup[policy._create_feature_key(states)] = "action_a"
    lookup[policy._create_feature_key([{"user": {"intent": "ask"}}])] = "action_b"  # starts a conversation
    assert rules.apply()
    found = 0
    for _ in range(300):
        past = [state(chance) for _ in range(chance.randint(0, 4))]
        keys = policy._get_possible_keys(lookup, past)
        assert keys == STOCK[RulePolicy, "_get_possible_keys"](policy, lookup, past)
        found += len(keys)
    assert found > 300


def state(chance: random.Random) -> dict[str, Any]:
    """A state of a rule or of a conversation."""
    made: dict[str, Any] = {}
    if chance.random() < 0.9:
        made["prev_action"] = {"action_name": chance.choice(["action_listen", "action_a"])}
    if chance.random() < 0.7:
        made["user"] = {"intent": chance.choice(["ask", "affirm", "deny"])}
    if chance.random() < 0.4:
        made["slots"] = {"awaiting": chance.choice([(1.0, 0.0), (0.0, 1.0), "should_not_be_set"])}
    return made


def test_action_calls_are_written_as_json_whatever_is_in_them() -> None:
    write = action_session.DomainOnce().text
    domains: list[Any] = [{"slots": {"名": None}, "domain": "x"}, {"slots": {}}, {}, None]
    for domain in (*domains, domains[0]):
        for rest in ({}, {"next_action": "action_a", "tracker": {"events": [{"text": '"domain"'}]}}):
            call = {**rest, "domain": domain}
            assert json.loads(write(call)) == call
    assert json.loads(write({"next_action": "action_a"})) == {"next_action": "action_a"}
    assert write([1]) == "[1]"


def test_connections_to_the_action_server_are_kept() -> None:
    peers: set[Any] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.add(writer.get_extra_info("peername"))
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")

    async def ask() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        endpoint = EndpointConfig(f"http://127.0.0.1:{port}/webhook")
        for _ in range(3):
            assert await endpoint.request(json={}) == {}
        await action_session.close()
        server.close()

    assert action_session.apply()
    asyncio.run(ask())
    assert len(peers) == 1


@pytest.mark.parametrize("seed", range(10))
def test_a_copied_tracker_is_as_a_replayed_one(seed: int) -> None:
    assert tracker_copy.apply()
    events = conversation(random.Random(seed), 8)
    live = DialogueStateTracker.from_events("c1", events, DOMAIN.slots)
    twin, replayed = live.copy(), STOCK[DialogueStateTracker, "copy"](live)
    for name, value in vars(replayed).items():
        mine = getattr(twin, name)
        if name == "slots":
            assert {x.name: x.value for x in mine.values()} == {x.name: x.value for x in value.values()}
        elif name != "followup_action":  # which is no event, and which Rasa has forgotten by then
            assert mine == value, name
    before = live.current_state()
    twin.update(SlotSet("order", True))
    twin.update(ActiveLoop("some_form"))
    twin.interrupt_loop(True)
    assert live.current_state() == before and len(live.events) == len(events)


def test_only_a_debug_log_gets_copies(caplog: pytest.LogCaptureFixture) -> None:
    events = [{"event": "slot"}]
    assert debug_copies.CopiesForDebug.deepcopy(events) is events
    with caplog.at_level("DEBUG", "rasa"):
        copied = debug_copies.CopiesForDebug.deepcopy(events)
    assert copied == events and copied is not events
    for module in debug_copies.MODULES:  # nothing else of `copy` is used there
        source = inspect.getsource(module)
        assert source.count("copy.") == source.count("copy.deepcopy(") + source.count(".copy.")


NLU = """
version: "3.1"
nlu:
  - intent: ask
    examples: |
      - 余额多少
      - 还剩多少
"""
RULES = """
version: "3.1"
rules:
  - rule: Tell
    steps:
      - intent: ask
      - action: action_a
"""
END_TO_END = """
stories:
  - story: In words
    steps:
      - user: 余额多少
      - bot: 十元
"""


def examples(folder: Path, rules: str) -> TrainingData:
    (folder / "nlu.yml").write_text(NLU, encoding="utf-8")
    (folder / "rules.yml").write_text(rules, encoding="utf-8")
    (folder / "domain.yml").write_text('version: "3.1"\nintents: [ask]\nactions: [action_a, action_b]\n')
    (folder / "config.yml").write_text("recipe: default.v1\nlanguage: zh\n")
    return TrainingDataImporter.load_from_config(
        str(folder / "config.yml"), str(folder / "domain.yml"), [str(folder)]
    ).get_nlu_data()


def test_a_new_action_in_a_rule_leaves_the_examples_for_understanding_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(E2EImporter, "get_nlu_data", E2EImporter.get_nlu_data)
    stock = examples(tmp_path, RULES)
    assert training_data.apply()
    before, after = (examples(tmp_path, RULES + extra) for extra in ("", "      - action: action_b\n"))
    assert before.fingerprint() == after.fingerprint() != stock.fingerprint()
    assert [x.get("text") for x in before.nlu_examples] == [x.get("text") for x in stock.nlu_examples]
    assert len(before.training_examples) == 2
    end_to_end = examples(tmp_path, RULES + END_TO_END)
    assert any(x.get("action_text") == "十元" for x in end_to_end.training_examples)


@pytest.mark.parametrize("intent", [last_action.LAST, "ask"])
async def test_only_the_end_of_a_call_waits_for_the_action_server(
    monkeypatch: pytest.MonkeyPatch, intent: str
) -> None:
    tries, slept = [], []

    async def run(self: RemoteAction, *given: Any) -> list[Event]:
        tries.append(self.name())
        if len(tries) < 4:
            raise RasaException("Couldn't connect")
        return [SlotSet("awaiting", "more")]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(RemoteAction, "run", run)
    monkeypatch.setattr(last_action.asyncio, "sleep", sleep)
    assert last_action.apply() and last_action.apply()
    tracker = DialogueStateTracker.from_events("call-1", [UserUttered("", {"name": intent})])
    if intent == "ask":
        with pytest.raises(RasaException):
            await RemoteAction("action_a", None).run(None, None, tracker, DOMAIN)
        assert len(tries) == 1 and slept == []
    else:
        assert await RemoteAction("action_a", None).run(None, None, tracker, DOMAIN)
        assert len(tries) == 4 and slept == [0.5, 1.0, 2.0]


async def test_an_action_server_that_stays_away_is_given_up_before_the_lock_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run(self: RemoteAction, *given: Any) -> list[Event]:
        raise RasaException("Couldn't connect")

    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(RemoteAction, "run", run)
    monkeypatch.setattr(last_action.asyncio, "sleep", sleep)
    last_action.apply()
    tracker = DialogueStateTracker.from_events("call-1", [UserUttered("", {"name": last_action.LAST})])
    with pytest.raises(RasaException):
        await RemoteAction("action_a", None).run(None, None, tracker, DOMAIN)
    assert 40 < sum(slept) <= last_action.ALL_S
