"""Events become turns, and turns become lines."""

from __future__ import annotations

from typing import Any

from yingda.explain import lines
from yingda.explain.lines import Paint

PLAIN = Paint()
DOMAIN = "responses:\n  utter_more:\n    - text: 还有吗\n"
DATA = "rules:\n  - rule: A fee\n    steps: [{intent: fee}, {action: action_fee}, {action: utter_more}]\n"
AMOUNT = {"entity": "amount", "value": 100, "cents": 10000, "start": 2, "end": 6}


def shown(make: Any, *events: Any) -> list[str]:
    conversation = make.conversation(*events)
    return lines.whole(conversation.turns[-1], conversation, make.files(DATA, DOMAIN))


def test_a_whole_turn(make: Any) -> None:
    found = shown(
        make,
        make.slot("awaiting", "nothing"),
        make.user("你好", "greet"),
        make.user("多了一百块", "fee", AMOUNT, read="多了100元"),
        make.action("action_fee"),
        make.slot("awaiting", "more"),
        make.slot("request", "dispute"),
        make.action("utter_more"),
        make.bot("还有吗", "utter_more"),
        make.action("action_listen"),
    )
    assert found == [
        "  read as 多了100元",
        "  intent  fee 0.90  next other 0.05",
        "  values  amount=100 (10000 cents) 「100元」",
        '  why     action_fee  RulePolicy 1.00  rule "A fee"  data/all.yml:2',
        "  why     utter_more  the same",
        "  slots   awaiting: nothing -> more  request=dispute",
        "  open    question: awaiting more",
    ]


def test_a_turn_that_was_not_understood_names_both_readings(make: Any) -> None:
    ranking = [
        {"name": name, "confidence": sure} for name, sure in (("nlu_fallback", 0.6), ("a", 0.4), ("b", 0.3))
    ]
    told = make.user("嗯", "nlu_fallback")
    told["parse_data"].update(intent=ranking[0], intent_ranking=ranking)
    assert shown(make, told)[0] == "  intent  nlu_fallback 0.60, not sure enough: a 0.40 or b 0.30"


def test_events_of_the_call_forms_and_turns_taken_back(make: Any) -> None:
    silence = make.user("/EXTERNAL_silence", "EXTERNAL_silence", {"entity": "count", "value": 2})
    found = shown(
        make, silence, make.loop("day_form"), make.slot("requested_slot", "day"), {"event": "rewind"}
    )
    assert "  event   EXTERNAL_silence" in found and "  values  count=2" in found
    assert "  open    form day_form, asks for day" in found
    assert any("taken back" in line for line in found)


def test_how_a_sentence_is_said(make: Any) -> None:
    conversation = make.conversation(
        make.user("x", "fee"), make.bot("还有吗", "utter_more", rate=0.9, interruptible=False)
    )
    (sentence,) = conversation.turns[-1].said
    found = lines.said(sentence, make.files(DATA, DOMAIN), PLAIN)
    assert found == "  bot     还有吗  (rate 0.9, heard to its end)  utter_more domain.yml:2"


def test_colour_only_where_it_is_wanted() -> None:
    assert Paint(on=True)("x", "bold") == "\033[1mx\033[0m"
    assert Paint()("x", "bold") == "x"


def test_long_values_stay_on_one_line() -> None:
    assert len(lines.value({"a": "好" * 100})) == lines.LONGEST_VALUE
