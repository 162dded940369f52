"""Policies are asked in the order of their priority until one is certain; the same is predicted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, ClassVar

import pytest
from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.graph import ExecutionContext, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, Event
from rasa.shared.core.trackers import DialogueStateTracker

from extensions.patches import certain, graph_runner
from tests.unit.extensions.made_up_calls import DOMAIN, conversation

STOCK_RUN = DaskGraphRunner.run


@pytest.fixture(autouse=True)
def stock_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DaskGraphRunner, "run", STOCK_RUN)


class Says(Policy):
    """A policy that predicts what its config says, and notes that it was asked."""

    asked: ClassVar[list[str]] = []

    def train(self, *what: Any, **more: Any) -> Any:
        raise NotImplementedError

    def predict_action_probabilities(self, tracker: Any, domain: Any = None) -> PolicyPrediction:
        Says.asked.append(self.config["name"])
        return PolicyPrediction(list(self.config["says"]), self.config["name"], self.priority)


ACTIONS = DOMAIN.num_actions


def ensemble(folder: Path, says: dict[str, tuple[int, int, float]], **more: str) -> DaskGraphRunner:
    """Policies by name: priority, action, confidence."""
    nodes = {
        name: SchemaNode(
            needs={"tracker": "tracker", **more},
            uses=Says,
            constructor_name="create",
            fn="predict_action_probabilities",
            config={
                "name": name,
                "priority": priority,
                "says": [sure if place == action else 0.0 for place in range(ACTIONS)],
            },
            eager=True,
        )
        for name, (priority, action, sure) in says.items()
    }
    nodes["best"] = SchemaNode(
        needs={
            **{f"policy{place}": name for place, name in enumerate(nodes)},
            "tracker": "tracker",
            "domain": "domain",
        },
        uses=DefaultPolicyPredictionEnsemble,
        constructor_name="create",
        fn="combine_predictions_from_kwargs",
        config={},
        eager=True,
    )
    schema = GraphSchema(nodes)
    return DaskGraphRunner(schema, LocalModelStorage(folder), ExecutionContext(schema))


@pytest.mark.parametrize("seed", range(30))
def test_policies_whose_word_does_not_count_are_not_asked_and_the_same_is_predicted(
    seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    says = {
        name: (priority, chance.randrange(ACTIONS), chance.choice([0.3, 0.9, 1.0]))
        for name, priority in zip(chance.sample(["ted", "memo", "rule"], 3), (1, 3, 6), strict=True)
    }
    events: list[Event] = conversation(chance, 2)
    if chance.random() < 0.3:
        events.append(ActionExecutionRejected("some_form"))
    live = DialogueStateTracker.from_events("c1", events, DOMAIN.slots)
    given = {"tracker": live, "domain": DOMAIN}
    runner = ensemble(tmp_path, says)
    stock = STOCK_RUN(runner, given, ["best"])["best"]
    assert graph_runner.apply()
    Says.asked.clear()
    assert runner.run(given, ["best"])["best"] == stock
    by_priority = sorted(says, key=lambda name: -says[name][0])
    certain = next((n for n, name in enumerate(by_priority, 1) if says[name][2] == 1.0), len(says))
    rejected = isinstance(events[-1], ActionExecutionRejected)
    assert len(Says.asked) == (len(says) if rejected else certain)


def test_where_a_policy_listens_to_words_all_are_asked(tmp_path: Path) -> None:
    runner = ensemble(tmp_path, {"rule": (6, 1, 1.0), "ted": (1, 2, 0.9)})
    runner._graph_schema.nodes["ted"].needs["precomputations"] = "precomputations"
    assert graph_runner.apply()
    Says.asked.clear()
    live = DialogueStateTracker.from_events("c1", [ActionExecuted("action_listen")], DOMAIN.slots)
    inputs = certain.inputs(
        runner._graph_schema,
        "best",
        runner._instantiated_nodes,
        lambda name: ("tracker", live) if name in ("tracker", "domain") else (Says.asked.append(name), None),
    )
    assert sorted(Says.asked) == ["rule", "ted"] and len(inputs) == 4
