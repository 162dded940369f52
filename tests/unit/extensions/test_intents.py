"""The classifier of intents by characters and sounds."""

from __future__ import annotations

import numpy as np
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from extensions.nlu.intents import RANKED, SpokenIntents, fit, runs

DATA = {
    "query_balance": ["查余额", "我的余额还有多少", "余额是多少", "帮我看看余额", "还剩多少话费", "话费余额"],
    "query_bill": ["查账单", "上个月的账单", "账单多少钱", "这个月账单", "看看账单", "我要账单"],
    "goodbye": ["再见", "拜拜", "那再见了", "挂了啊", "先这样拜拜", "好的再见"],
}
TEXTS = [text for texts in DATA.values() for text in texts]
INTENTS = [intent for intent, texts in DATA.items() for _ in texts]


def test_runs_of_characters_and_of_sounds() -> None:
    assert set(runs("余额")) == {
        "^",
        "余",
        "额",
        "^余",
        "余额",
        "额^",
        "^余额",
        "余额^",
        "/yu",
        "/e",
        "/yu e",
    }


def test_what_sounds_alike_is_understood() -> None:
    learned = fit(TEXTS, INTENTS, penalty=1e-4, least=1)
    sure = learned.confidences(["查一下鱼鹅", "仗单呢", "再贱"])
    assert [learned.intents[k] for k in sure.argmax(1)] == ["query_balance", "query_bill", "goodbye"]
    assert np.allclose(sure.sum(1), 1)


def test_one_and_two_intents_can_be_learned() -> None:
    only = fit(["查余额", "余额"], ["query_balance"] * 2, 1e-4, 1)
    assert only.confidences(["再见"]).tolist() == [[1.0]]
    two = fit(TEXTS[:12], INTENTS[:12], 1e-4, 1)
    assert two.intents[two.confidences(["上个月账单"])[0].argmax()] == "query_bill"


def test_the_component_ranks_and_stays_silent_without_a_model() -> None:
    component = SpokenIntents(SpokenIntents.get_default_config(), None, None)  # type: ignore[arg-type]
    silent = Message({TEXT: "余额"})
    component.process([silent])
    assert silent.get(INTENT)["name"] is None
    component._weights = fit(TEXTS, INTENTS, 1e-4, 1)
    message = Message({TEXT: "余额"})
    component.process([message])
    ranking = message.get("intent_ranking")
    assert message.get(INTENT) == ranking[0] and ranking[0]["name"] == "query_balance"
    assert len(ranking) == min(RANKED, 3) and ranking[0]["confidence"] > ranking[1]["confidence"]
