"""What is typed at `make talk`, and the conversation that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import talk, talk_session, talk_story
from scripts.talk_call import BotTurn, Caller
from yingda.explain.lines import Paint
from yingda.explain.written import DialogueFiles
from yingda.messages import dialogue


def user(text: str, intent: str) -> dict[str, Any]:
    return {"event": "user", "text": text, "parse_data": {"intent": {"name": intent, "confidence": 0.9}}}


def action(name: str) -> dict[str, Any]:
    return {"event": "action", "name": name, "policy": "RulePolicy", "confidence": 1.0}


def slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


KEYED = user('/EXTERNAL_keypad{"digits": "0"}', "EXTERNAL_keypad")
KEYED["parse_data"]["entities"] = [{"entity": "digits", "value": "0"}]
EVENTS = [
    action("action_session_start"),
    slot("customer_known", True),
    user("/EXTERNAL_call_started", "EXTERNAL_call_started"),
    action("utter_disclosure"),
    action("action_listen"),
    user("我要 退费: #1", "refund"),
    slot("awaiting", "day"),
    slot("amount", 3),
    action("day_form"),
    {"event": "active_loop", "name": "day_form"},
    slot("requested_slot", "day"),
    action("action_listen"),
    user("呃", "nlu_fallback"),
    action("action_default_fallback"),
    {"event": "rewind"},
    user("算了", "deny"),
    KEYED,
    {"event": "active_loop", "name": None},
    slot("awaiting", None),
]


def test_a_conversation_becomes_a_story_that_rasa_reads() -> None:
    text = talk_story.story('退费: "一"', EVENTS, {"awaiting"})
    (story,) = yaml.safe_load(talk_story.HEAD + "\n" + text)["stories"]
    assert story["story"] == '退费: "一"'
    assert story["steps"] == [
        {"intent": "EXTERNAL_call_started"},
        {"action": "utter_disclosure"},
        {"user": "我要 退费: #1", "intent": "refund"},
        {"slot_was_set": [{"awaiting": "day"}]},
        {"action": "day_form"},
        {"active_loop": "day_form"},
        {"user": "算了", "intent": "deny"},
        {"intent": "EXTERNAL_keypad", "entities": [{"digits": "0"}]},
        {"active_loop": None},
        {"slot_was_set": [{"awaiting": None}]},
    ]


def test_a_story_is_appended_to_a_file_that_rasa_takes_for_tests(tmp_path: Path) -> None:
    text = talk_story.story("一", EVENTS, set())
    path = talk_story.save("refund", text, tmp_path)
    assert path == tmp_path / "tests/conversations/test_refund.yml"
    assert talk_story.save("tests/conversations/test_refund.yml", text, tmp_path) == path
    assert [story["story"] for story in yaml.safe_load(path.read_text())["stories"]] == ["一", "一"]


@pytest.mark.parametrize("given", ["", "tests/conversations/test_rules.yml"])
def test_what_cannot_be_saved_is_said(tmp_path: Path, given: str) -> None:
    (tmp_path / "tests/conversations").mkdir(parents=True)
    (tmp_path / "tests/conversations/test_rules.yml").write_text("rules: []\n")
    with pytest.raises(talk_story.CannotSave):
        talk_story.save(given, "x", tmp_path)


def test_only_slots_that_policies_see_are_told(tmp_path: Path) -> None:
    slots = "seen: {type: text}, unseen: {type: text, influence_conversation: false}, any: {type: any}"
    (tmp_path / "domain.yml").write_text("slots: {" + slots + "}\n")
    assert talk_story.featurised(tmp_path) == {"seen"}


class FakeCall:
    """Answers everything with one sentence; hangs up when told 再见."""

    call_id = "talk-1"

    def __init__(self, url: str, caller: Caller) -> None:
        self.heard: list[str] = []
        self.ended: list[str] = []
        CALLS.append(self)

    def begin(self) -> BotTurn:
        return self._answer("begin")

    def says(self, text: str) -> BotTurn:
        return self._answer(text)

    def keys(self, digits: str) -> BotTurn:
        return self._answer("keys " + digits)

    def is_silent(self) -> BotTurn:
        return self._answer("silence")

    def end(self, reason: str) -> None:
        self.ended.append(reason)

    def _answer(self, heard: str) -> BotTurn:
        self.heard.append(heard)
        down: list[dialogue.Down] = [dialogue.Say(1, "好的"), dialogue.Listen(1, "digits", 4, ("余额",))]
        return BotTurn([*down, dialogue.HangUp(1)] if heard == "再见" else down, 12.0, 34.0)


class FakeReader:
    """One understood turn each time."""

    def __init__(self, database: Any, call_id: str) -> None:
        pass

    def new(self) -> list[dict[str, Any]]:
        said = {"event": "bot", "text": "好的", "metadata": {"utter_action": "utter_ok"}}
        return [
            user("x", "greet"),
            action("utter_ok"),
            said,
            slot("request", "bill"),
            action("action_listen"),
        ]


CALLS: list[FakeCall] = []


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> tuple[talk_session.Session, list[str]]:
    CALLS.clear()
    monkeypatch.setattr(talk_session, "TextCall", FakeCall)
    monkeypatch.setattr(talk_session, "EventReader", FakeReader)
    printed: list[str] = []
    made = talk_session.Session("ws://x", Caller("1"), None, DialogueFiles(), Paint(), printed.append)
    made.begin()
    return made, printed


def test_words_commands_and_the_end(session: tuple[talk_session.Session, list[str]]) -> None:
    made, printed = session
    for line in ("  你好 ", "", "/silence", "/keys 6721", "/keys abc", "/what", "/slots", "再见", "你好"):
        assert made.take(line)
    assert CALLS[0].heard == ["begin", "你好", "silence", "keys 6721", "再见"]
    assert CALLS[0].ended == ["bot_hung_up"]
    text = "\n".join(printed)
    assert "/keys: got 'abc', expected digits" in text
    assert "/what: no such command" in text
    assert "request=bill" in text
    assert printed[-1].strip() == talk_session.HUNG_UP
    assert not made.take("/quit")


def test_what_is_shown_of_the_bot(session: tuple[talk_session.Session, list[str]]) -> None:
    printed = session[1]
    assert printed[0] == "--- inbound call, customer 1"
    assert "  bot     好的  utter_ok" in printed
    assert "  listens digits, at most 4, favours 余额" in printed
    assert "  time    first words after 12 ms, turn 34 ms" in printed


def test_restart_calls_again_and_hang_up_ends(session: tuple[talk_session.Session, list[str]]) -> None:
    made, _ = session
    made.take("/restart")
    made.take("/hangup")
    assert [call.ended for call in CALLS] == [["customer_hung_up"], ["customer_hung_up"]]


def test_the_command_line() -> None:
    assert talk.arguments([]) == Caller(talk.DEMO_NUMBER)
    told = talk.arguments(["--campaign", "collection", "--profile", '{"name": "王丽"}', "--number", ""])
    assert told == Caller(talk.DEMO_NUMBER, "outbound", "collection", {"name": "王丽"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--number", "abc"], "NUMBER: got 'abc', expected digits"),
        (["--direction", "up"], "DIRECTION: got 'up', expected inbound or outbound"),
        (["--profile", "{name}"], "PROFILE: got '{name}', expected a JSON object"),
    ],
)
def test_a_wrong_argument_is_named(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        talk.arguments(given)
    assert message in capsys.readouterr().err
