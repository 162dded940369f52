"""The voice channel against a Rasa of the test: messages in, messages out, one turn after another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from channels.voice import NOTHING_HEARD, VoiceInput, VoiceOutput, text_for_rasa
from yingda.messages.dialogue import (
    CallEnded,
    CallStarted,
    CustomerTurn,
    Error,
    HangUp,
    Heard,
    Keypad,
    Listen,
    Message,
    Say,
    Silence,
    StopRecording,
    Transfer,
    TurnDone,
    Up,
    parse,
    to_json,
)

Agent = Callable[[UserMessage], Awaitable[Any]]


class FakeSocket:
    """Frames of the gateway in, frames for the gateway out."""

    def __init__(self, *ups: Up) -> None:
        self.inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.sent: list[Message] = []
        self.turns_done: asyncio.Queue[int] = asyncio.Queue()
        for up in ups:
            self.inbox.put_nowait(to_json(up))

    async def recv(self) -> str:
        frame = await self.inbox.get()
        if frame is None:
            raise asyncio.CancelledError  # what sanic does when the peer is gone
        return frame

    async def send(self, frame: str) -> None:
        self.sent.append(parse(frame))
        if isinstance(self.sent[-1], TurnDone):
            self.turns_done.put_nowait(self.sent[-1].generation)

    async def close(self) -> None:
        self.inbox.put_nowait(None)

    async def until_done(self, turns: int) -> None:
        """Return when this many turns are over."""
        for _ in range(turns):
            await asyncio.wait_for(self.turns_done.get(), 5)


def started(resumed: bool = False) -> CallStarted:
    return CallStarted("c1", "inbound", "13800138000", "95000", "2026-11-22T01:00:00Z", 1, resumed)


def turn(text: str, generation: int = 2, heard: Heard | None = None) -> CustomerTurn:
    return CustomerTurn(generation, generation, text, 0.9, 10, 20, heard)


def talk(agent: Agent, *ups: Up) -> list[Message]:
    """What comes down for these messages."""

    async def run() -> list[Message]:
        socket, channel = FakeSocket(*ups), VoiceInput()
        serving = asyncio.ensure_future(channel.serve("c1", socket, agent))
        await socket.until_done(sum(not isinstance(up, CallEnded) for up in ups))
        socket.inbox.put_nowait(None)
        await serving
        await asyncio.gather(*channel._workers)
        return socket.sent

    return asyncio.run(run())


async def silent_agent(message: UserMessage) -> None:
    pass


def test_what_rasa_is_told() -> None:
    assert text_for_rasa(started()) == "/EXTERNAL_call_started"
    assert text_for_rasa(started(resumed=True)) == "/EXTERNAL_call_resumed"
    assert text_for_rasa(turn("查余额")) == "查余额"
    assert text_for_rasa(Keypad(2, "6721")) == '/EXTERNAL_keypad{"digits": "6721"}'
    assert text_for_rasa(Silence(2, 3)) == '/EXTERNAL_silence{"count": 3}'
    assert text_for_rasa(CallEnded("failed")) == '/EXTERNAL_call_ended{"reason": "failed"}'


@pytest.mark.parametrize("text", ["/restart", "//restart", " / restart", "／restart"])
def test_recognised_text_is_never_a_command(text: str) -> None:
    assert text_for_rasa(turn(text)) == "restart"


@pytest.mark.parametrize("text", ["", "  ", "/"])
def test_empty_text_is_not_understood(text: str) -> None:
    assert text_for_rasa(turn(text)) == NOTHING_HEARD


def test_a_turn_streams_out_with_its_generation() -> None:
    async def agent(message: UserMessage) -> None:
        out = message.output_channel
        hints = {"listen": {"expect": "digits", "max_digits": 4, "boost": ["后四位"]}, "interruptible": False}
        await out.send_response("c1", {"text": "您好。"})
        await out.send_response("c1", {"text": "后4位？", "metadata": hints})

    assert talk(agent, turn("查余额", 7)) == [
        Say(7, "您好。"),
        Say(7, "后4位？", interruptible=False),
        Listen(7, "digits", 4, ("后四位",)),
        TurnDone(7),
    ]


@pytest.mark.requirement(18)
def test_a_response_is_said_in_the_manner_of_its_metadata() -> None:
    async def agent(message: UserMessage) -> None:
        out = message.output_channel
        manner = {"style": "apologetic", "pause_before_ms": 0, "volume": "very loud"}
        await out.send_response("c1", {"text": "A&B抱歉。", "metadata": manner})

    said = '<speak><prosody rate="0.9" pitch="-1st" volume="-1dB">A&amp;B抱歉。</prosody></speak>'
    assert talk(agent, turn("查余额", 7)) == [Say(7, said), Listen(7), TurnDone(7)]


def test_a_turn_without_hints_listens_freely() -> None:
    assert talk(silent_agent, turn("嗯", 3)) == [Listen(3), TurnDone(3)]


def test_actions_transfer_and_hang_up() -> None:
    async def agent(message: UserMessage) -> None:
        out = message.output_channel
        await out.send_response(
            "c1", {"custom": {"type": "transfer", "target": "service", "summary": "王女士"}}
        )
        await out.send_response("c1", {"custom": {"type": "hang_up", "reason": "goodbye"}})
        await out.send_response("c1", {"custom": {"type": "dance"}})

    transfer = Transfer(2, "service", "cold", "王女士")
    assert talk(agent, turn("再见")) == [transfer, HangUp(2, "goodbye"), TurnDone(2)]


def test_call_data_and_what_was_heard_reach_rasa() -> None:
    seen: list[UserMessage] = []

    async def agent(message: UserMessage) -> None:
        seen.append(message)

    heard = Heard(1, "您好，请问有什么可以帮您？", "您好", True)
    talk(agent, started(), turn("查余额", heard=heard))
    assert [message.sender_id for message in seen] == ["c1", "c1"]
    assert [message.input_channel for message in seen] == ["voice", "voice"]
    metadata = seen[1].metadata or {}
    assert metadata["call"]["customer_number"] == "13800138000"
    assert metadata["heard"]["heard"] == "您好" and metadata["heard"]["interrupted"]
    assert metadata["confidence"] == 0.9 and metadata["turn"]["number"] == 2


def test_turns_of_a_call_never_overlap() -> None:
    running: list[str] = []

    async def agent(message: UserMessage) -> None:
        assert not running
        running.append(message.text)
        other_turns = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.001, other_turns.set_result, None)
        await other_turns
        running.clear()

    sent = talk(agent, turn("一", 2), turn("二", 3), turn("三", 4))
    assert [message.generation for message in sent if isinstance(message, TurnDone)] == [2, 3, 4]


def test_a_turn_that_breaks_is_reported_and_the_next_one_works() -> None:
    async def agent(message: UserMessage) -> None:
        if message.text == "坏":
            raise RuntimeError("secret words")

    sent = talk(agent, turn("坏", 2), turn("好", 3))
    assert sent == [Error(2, "RuntimeError"), Listen(2), TurnDone(2), Listen(3), TurnDone(3)]


def test_a_malformed_frame_is_answered_with_an_error() -> None:
    async def run() -> list[Message]:
        socket = FakeSocket()
        socket.inbox.put_nowait('{"v": 1, "type": "nonsense"}')
        socket.inbox.put_nowait(None)
        await VoiceInput().serve("c1", socket, silent_agent)
        return socket.sent

    (error,) = asyncio.run(run())
    assert isinstance(error, Error) and "nonsense" in error.reason


def test_a_lost_socket_does_not_lose_the_turn_and_the_call_comes_back() -> None:
    finished: list[str] = []

    async def run() -> list[Message]:
        go, begun = asyncio.Event(), asyncio.Event()

        async def agent(message: UserMessage) -> None:
            if message.text == "慢":
                begun.set()
                await go.wait()
            await message.output_channel.send_response("c1", {"text": message.text})
            finished.append(message.text)

        channel, first = VoiceInput(), FakeSocket(turn("慢", 2))
        serving = asyncio.ensure_future(channel.serve("c1", first, agent))
        await begun.wait()
        first.inbox.put_nowait(None)
        await serving
        second = FakeSocket(started(resumed=True), turn("快", 3))
        again = asyncio.ensure_future(channel.serve("c1", second, agent))
        go.set()
        await second.until_done(3)  # the slow turn, the return, the quick turn
        second.inbox.put_nowait(None)
        await again
        return second.sent

    sent = asyncio.run(run())
    assert finished == ["慢", "/EXTERNAL_call_resumed", "快"]
    assert Say(3, "快") in sent


def test_a_turn_that_is_sent_again_after_the_line_broke_is_done_once_and_answered_again() -> None:
    asked: list[str] = []

    async def run() -> list[Message]:
        go, begun = asyncio.Event(), asyncio.Event()

        async def agent(message: UserMessage) -> None:
            asked.append(message.text)
            if message.text == "办理":
                begun.set()
                await go.wait()
            await message.output_channel.send_response("c1", {"text": f"{message.text}好了"})

        channel, first = VoiceInput(), FakeSocket(CustomerTurn(2, 2, "办理", 0.9, 10, 20))
        serving = asyncio.ensure_future(channel.serve("c1", first, agent))
        await begun.wait()
        first.inbox.put_nowait(None)
        await serving
        go.set()
        await asyncio.sleep(0)
        second = FakeSocket(
            started(resumed=True),
            CustomerTurn(2, 5, "办理", 0.9, 10, 20),
            CustomerTurn(3, 6, "办理", 0.9, 30, 40),
        )
        again = asyncio.ensure_future(channel.serve("c1", second, agent))
        await second.until_done(3)
        second.inbox.put_nowait(None)
        await again
        return [message for message in second.sent if message.generation >= 5]

    sent = asyncio.run(run())
    assert asked == ["办理", "/EXTERNAL_call_resumed", "办理"]
    assert sent[:3] == [Say(5, "办理好了"), Listen(5), TurnDone(5)]
    assert sent[3:] == [Say(6, "办理好了"), Listen(6), TurnDone(6)]


def test_the_end_of_a_call_closes_the_socket_at_once_and_is_worked_off_after_the_turn() -> None:
    told: list[str] = []

    async def run() -> None:
        go = asyncio.Event()

        async def agent(message: UserMessage) -> None:
            if message.text == "慢":
                await go.wait()
            told.append(str(message.text))

        channel = VoiceInput()
        await channel.serve("c1", FakeSocket(turn("慢"), CallEnded("customer_hung_up")), agent)
        assert told == []  # the gateway need not wait for the turn
        go.set()
        await asyncio.gather(*channel._workers)
        assert channel._calls == {}

    asyncio.run(run())
    assert told == ["慢", '/EXTERNAL_call_ended{"reason": "customer_hung_up"}']


@pytest.mark.parametrize(("elsewhere", "ended"), [(0.0, True), (1e12, False)])
def test_a_gateway_that_died_ends_the_call_unless_another_worker_has_it(
    elsewhere: float, ended: bool
) -> None:
    told: list[str] = []

    async def run() -> None:
        async def agent(message: UserMessage) -> None:
            told.append(str(message.text))

        asked = asyncio.Event()

        async def last_event_at(call_id: str) -> float:
            asked.set()
            return elsewhere

        channel, socket = VoiceInput(gone_s=0.0), FakeSocket(turn("喂"))
        socket.inbox.put_nowait(None)
        await channel.serve("c1", socket, agent, last_event_at)
        await asyncio.wait_for(asked.wait(), 5)
        await asyncio.gather(*channel._workers)
        assert channel._calls == {}

    asyncio.run(run())
    assert told == ["喂", '/EXTERNAL_call_ended{"reason": "connection_lost"}'][: 1 + ended]


def test_a_worker_that_stops_ends_its_turns_then_closes_and_takes_no_new_calls() -> None:
    async def run() -> tuple[list[Message], list[Message]]:
        go, begun = asyncio.Event(), asyncio.Event()

        async def agent(message: UserMessage) -> None:
            begun.set()
            await go.wait()
            await message.output_channel.send_response("c1", {"text": "好"})

        channel, socket = VoiceInput(), FakeSocket(turn("慢", 2))
        serving = asyncio.ensure_future(channel.serve("c1", socket, agent))
        await begun.wait()
        leaving = asyncio.ensure_future(channel.leave())
        await asyncio.sleep(0)  # it has begun
        late = FakeSocket(started())
        await asyncio.wait_for(channel.serve("c2", late, agent), 5)
        assert not serving.done() and not leaving.done()
        go.set()
        await asyncio.wait_for(asyncio.gather(leaving, serving), 5)
        return socket.sent, late.sent

    sent, late = asyncio.run(run())
    assert sent == [Say(2, "好"), Listen(2), TurnDone(2)]
    assert late == []


def test_nothing_is_said_after_the_call_has_ended() -> None:
    async def agent(message: UserMessage) -> None:
        await message.output_channel.send_response("c1", {"text": "还在吗？"})

    async def run() -> list[Message]:
        channel, socket = VoiceInput(), FakeSocket(turn("喂", 2))
        serving = asyncio.ensure_future(channel.serve("c1", socket, agent))
        await socket.until_done(1)
        socket.inbox.put_nowait(to_json(CallEnded("customer_hung_up")))
        await serving
        await asyncio.gather(*channel._workers)
        return socket.sent

    assert [message for message in asyncio.run(run()) if isinstance(message, Say)] == [Say(2, "还在吗？")]


@pytest.mark.requirement(41)
async def test_what_a_sentence_rests_on_goes_down_with_it() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    output = VoiceOutput(4, send)
    await output.send_text_message("c1", "积分3年有效", evidence={"article": "points"}, source="手册")
    await output.send_text_message("c1", "再见", evidence="nothing")
    assert sent == [Say(4, "积分3年有效", evidence={"article": "points"}), Say(4, "再见")]


@pytest.mark.requirement(104)
def test_secret_questions_and_the_end_of_recording_are_told() -> None:
    async def agent(message: UserMessage) -> None:
        out = message.output_channel
        secret = {"listen": {"expect": "digits", "max_digits": 6, "secret": True}}
        await out.send_response("c1", {"text": "请输入密码。", "metadata": secret})
        await out.send_response("c1", {"text": "不再录音。", "metadata": {"record": False}})
        await out.send_response("c1", {"custom": {"type": "record", "record": "erase"}})

    assert talk(agent, turn("查余额", 7)) == [
        Say(7, "请输入密码。"),
        StopRecording(7, erase=False),  # before the sentence, which is not recorded any more
        Say(7, "不再录音。"),
        StopRecording(7, erase=True),
        Listen(7, "digits", 6, secret=True),
        TurnDone(7),
    ]
    assert talk(silent_agent, turn("嗯", 3)) == [Listen(3, secret=False), TurnDone(3)]
