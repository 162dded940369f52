"""A call told in lines: ``scene.at(1.5, event)`` gives the commands that follow at that second."""

from __future__ import annotations

from yingda.sansio.turns import State, TurnMachine, TurnSettings
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.commands import Command

PROMPTS = {
    "filler": "请稍等。",
    "apology": "对不起，请再说一遍。",
    "ask_again": "没听清，请再说一遍。",
    "outage": "请稍等一下。",
    "please_wait": "请再等一下。",
    "go_on": "请接着说。",
    "goodbye": "再见。",
    "goodbye_failure": "抱歉，再见。",
}


class Scene:
    def __init__(self, settings: TurnSettings | None = None) -> None:
        self.machine = TurnMachine(settings or TurnSettings(), PROMPTS)
        self.log: list[Command] = []

    @property
    def state(self) -> State:
        return self.machine.state

    @property
    def generation(self) -> int:
        return self.machine.generation

    def at(self, now: float, *events: ev.Event) -> list[Command]:
        """Let time pass to ``now``, firing deadlines on the way, then tell the events; all commands given."""
        commands = self.until(now)
        for event in events:
            self.machine.receive(event, now)
            commands += self._take()
        return commands

    def until(self, now: float) -> list[Command]:
        commands: list[Command] = []
        while (due := self.machine.get_timer()) is not None and due <= now:
            self.machine.handle_timer(due)
            commands += self._take()
        return commands

    def _take(self) -> list[Command]:
        taken = []
        while (command := self.machine.next_command()) is not None:
            taken.append(command)
        self.log += taken
        return taken

    def last(self, kind: type) -> object:
        return next(command for command in reversed(self.log) if isinstance(command, kind))

    # Parts of calls that many scenes begin with

    def say(self, now: float, text: str, interruptible: bool = True, *after: ev.Event) -> int:
        """The bot says one sentence, whose audio starts at once; returns its clip."""
        commands = self.at(now, ev.BotSaid(self.generation, text, interruptible), *after)
        clips = [command.clip for command in commands if isinstance(command, cmd.Synthesise)]
        self.at(now, ev.PlaybackStarted(clips[0], now), ev.SynthesisFinished(clips[0], len(text) * 200))
        return clips[0]

    def done(self, expect: str = "free", max_digits: int | None = None) -> tuple[ev.Event, ev.Event]:
        hints = ev.Hints(expect, max_digits)
        return ev.BotListened(self.generation, hints), ev.BotTurnDone(self.generation)

    def greet(self, expect: str = "free", max_digits: int | None = None) -> Scene:
        """Connected at 100.0, the bot has greeted, and listens from 102.0 on."""
        self.at(100.0, ev.CallConnected())
        clip = self.say(100.1, "您好，请问有什么可以帮您？")
        self.at(100.2, *self.done(expect, max_digits))
        self.at(102.0, ev.PlaybackFinished(clip))
        assert self.state is State.LISTENING
        return self

    def hear(self, start: float, end: float) -> int:
        """The customer makes sound from ``start`` to ``end``; returns the recognition."""
        self.at(start + 0.07, ev.SpeechStarted(start))
        self.at(end + 0.1, ev.SpeechEnded(end))
        started = self.last(cmd.StartRecognition)
        assert isinstance(started, cmd.StartRecognition)
        return started.recognition

    def ask(self, start: float = 103.0) -> Scene:
        """After greet: the customer asks something, which is sent at start + 1.6."""
        recognition = self.hear(start, start + 1.0)
        self.at(start + 1.6, ev.FinalTranscribed(recognition, "我要查话费", 0.9))
        assert self.state is State.WAITING
        return self


def kinds(commands: list[Command]) -> list[str]:
    return [type(command).__name__ for command in commands]
