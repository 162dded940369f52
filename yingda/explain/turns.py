"""Rasa's events of a conversation as turns: what was understood, decided, changed and said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]
LISTEN = "action_listen"
# done by Rasa itself before or between decisions
UNDECIDED = ("action_session_start", "action_extract_slots", "action_unlikely_intent")
FALLBACK = "nlu_fallback"


@dataclass(frozen=True)
class State:
    """What a policy sees beside the turns: slots, and the form that is open ("" for none)."""

    slots: Mapping[str, Any]
    loop: str


@dataclass(frozen=True)
class Happened:
    """One intent or action of the conversation, and the state in which it was decided."""

    kind: str  # "intent" or "action"
    name: str
    before: State
    entities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """An action that a policy chose. `at`: its place in the conversation's history."""

    action: str
    policy: str  # "" where none was asked
    confidence: float
    at: int


@dataclass(frozen=True)
class SlotChange:
    """A slot that has another value than before the turn."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Said:
    """One sentence of the bot: `response` is its name in domain.yml, "" where an action wrote the text."""

    text: str
    response: str
    metadata: Mapping[str, Any]


@dataclass
class Turn:
    """One message of the caller or event of the call, and all that followed."""

    text: str
    read: str  # the text as understanding read it: spoken numbers are digits
    intent: str
    confidence: float
    ranking: list[tuple[str, float]]
    entities: list[Mapping[str, Any]]
    decisions: list[Decision] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    changes: list[SlotChange] = field(default_factory=list)
    loop: str = ""
    slots: dict[str, Any] = field(default_factory=dict)
    taken_back: bool = False

    @property
    def is_event(self) -> bool:
        """Not words but something that happened to the call."""
        return self.text.startswith("/")

    @property
    def second(self) -> tuple[str, float] | None:
        """The next likely reading."""
        others = [reading for reading in self.ranking if reading[0] not in (self.intent, FALLBACK)]
        return others[0] if others else None


class Conversation:
    """Feed the events in order; `turns` and `history` grow."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.history: list[Happened] = []
        self.slots: dict[str, Any] = {}
        self._loop = ""
        self._before: dict[str, Any] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Events that came since; those of kinds that explain nothing are passed over."""
        for event in events:
            take = getattr(self, f"_{event.get('event')}", None)
            if take is not None:
                take(event)
                self._settle()

    def _state(self) -> State:
        return State(dict(self.slots), self._loop)

    def _user(self, event: Event) -> None:
        parsed = event.get("parse_data") or {}
        intent, text = parsed.get("intent") or {}, str(event.get("text") or "")
        entities = [item for item in parsed.get("entities") or [] if isinstance(item, Mapping)]
        turn = Turn(
            text=text,
            read=str(parsed.get("text") or text),
            intent=str(intent.get("name") or ""),
            confidence=float(intent.get("confidence") or 0.0),
            ranking=[
                (str(reading.get("name")), float(reading.get("confidence") or 0.0))
                for reading in parsed.get("intent_ranking") or []
            ],
            entities=entities,
        )
        names = tuple(str(entity.get("entity")) for entity in entities)
        self.history.append(Happened("intent", turn.intent, self._state(), names))
        # slots that were filled before the first message belong to it: the customer who was looked up
        self._before = dict(self.slots) if self.turns else {}
        self.turns.append(turn)

    def _action(self, event: Event) -> None:
        name, policy = str(event.get("name")), str(event.get("policy") or "")
        if name in UNDECIDED or not self.turns:
            return
        policy = policy.rpartition("_")[2] or policy  # "policy_1_RulePolicy" in some of Rasa's releases
        decision = Decision(name, policy, float(event.get("confidence") or 0.0), len(self.history))
        if name != LISTEN:
            self.history.append(Happened("action", name, self._state()))
            self.turns[-1].decisions.append(decision)
        elif not self.turns[-1].decisions:
            self.turns[-1].decisions.append(decision)

    def _slot(self, event: Event) -> None:
        self.slots[str(event.get("name"))] = event.get("value")

    def _active_loop(self, event: Event) -> None:
        self._loop = str(event.get("name") or "")

    def _bot(self, event: Event) -> None:
        metadata = event.get("metadata") or {}
        if self.turns and event.get("text"):
            response, how = str(metadata.get("utter_action") or ""), metadata.get("metadata") or {}
            self.turns[-1].said.append(Said(str(event["text"]), response, how))

    def _rewind(self, event: Event) -> None:
        if self.turns:
            self.turns[-1].taken_back = True

    def _restart(self, event: Event) -> None:
        self.slots, self._loop = {}, ""

    def _settle(self) -> None:
        if not self.turns:
            return
        turn, before = self.turns[-1], self._before
        turn.loop, turn.slots = self._loop, dict(self.slots)
        turn.changes = [
            SlotChange(name, before.get(name), value)
            for name, value in self.slots.items()
            if value != before.get(name) and name != "session_started_metadata"
        ]
