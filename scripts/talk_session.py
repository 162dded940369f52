"""What is typed, and what is shown for it: words, commands, and each turn explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts import talk_story
from scripts.layout import ROOT
from scripts.talk_call import BotTurn, Caller, EventReader, TextCall
from yingda.explain import lines
from yingda.explain.lines import Paint
from yingda.explain.turns import Conversation, Said, Turn
from yingda.explain.written import DialogueFiles
from yingda.messages import dialogue

HELP = """\
  what you type is what the caller says; commands:
    /silence      nobody speaks           /keys 1234    the caller keys digits
    /hangup       the caller hangs up     /restart      hang up and call again
    /slots        everything that is remembered now
    /save FILE    append this conversation to a test file: /save refund -> tests/conversations/test_refund.yml
    /quit         leave (or Ctrl-D)       /help         this list"""
HUNG_UP = "the call is over; /restart calls again, /save FILE keeps it, /quit leaves"


class Session:
    """One designer's talk: calls one after another."""

    def __init__(
        self,
        url: str,
        caller: Caller,
        database: Any,
        files: DialogueFiles,
        paint: Paint,
        say: Callable[[str], None],
    ) -> None:
        """`say` shows lines. Nothing is called before `begin`."""
        self._url, self._caller, self._database = url, caller, database
        self._files, self._paint, self._say = files, paint, say
        self._call: TextCall | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/silence": lambda rest: self._with_call(lambda call: call.is_silent()),
            "/keys": self._keys,
            "/hangup": self._hang_up,
            "/slots": self._slots,
            "/restart": self._restart,
            "/save": self._save,
            "/help": lambda rest: self._say(HELP),
        }

    def begin(self) -> None:
        """Call, and hear the greeting. Raises CallBroken."""
        self._conversation, self._events = Conversation(), list[dict[str, Any]]()
        self._call = TextCall(self._url, self._caller)
        self._reader = EventReader(self._database, self._call.call_id)
        caller = self._caller
        about = f"{caller.direction} call, customer {caller.number}"
        self._say(
            self._paint(f"--- {about}" + (f", campaign {caller.campaign}" if caller.campaign else ""), "dim")
        )
        self._show(self._call.begin())

    def take(self, typed: str) -> bool:
        """One line that was typed; False when it asks to leave. Raises CallBroken."""
        text = typed.strip()
        if text == "/quit":
            return False
        if not text:
            return True
        if not text.startswith("/"):
            self._with_call(lambda call: call.says(text))
            return True
        name, _, rest = text.partition(" ")
        command = self._commands.get(name)
        if command is None:
            self._say(f"  {name}: no such command; /help lists them")
        else:
            command(rest.strip())
        return True

    def end(self) -> None:
        """Hang up where the call still stands."""
        if self._call is not None:
            self._call.end("customer_hung_up")
            self._call = None

    def _with_call(self, act: Callable[[TextCall], BotTurn]) -> None:
        if self._call is None:
            self._say("  " + HUNG_UP)
        else:
            self._show(act(self._call))

    def _keys(self, digits: str) -> None:
        if not digits or any(digit not in "0123456789*#ABCD" for digit in digits):
            self._say(f"  /keys: got {digits!r}, expected digits, * or #: /keys 6721")
        else:
            self._with_call(lambda call: call.keys(digits))

    def _hang_up(self, rest: str) -> None:
        if self._call is None:
            self._say("  " + HUNG_UP)
        else:
            self.end()
            self._say(self._paint("--- you hung up; " + HUNG_UP, "dim"))

    def _restart(self, rest: str) -> None:
        self.end()
        self.begin()

    def _slots(self, rest: str) -> None:
        for name, value in sorted(self._conversation.slots.items()):
            if value is not None and name != "session_started_metadata":
                self._say(self._paint.line("", f"{name}={lines.value(value)}"))

    def _save(self, given: str) -> None:
        words = [turn.text for turn in self._conversation.turns if not turn.is_event]
        name = "，".join(words)[:40] or "Nothing said"
        try:
            path = talk_story.save(given, talk_story.story(name, self._events, talk_story.featurised()))
        except talk_story.CannotSave as error:
            self._say(f"  not saved: {error}")
            return
        self._say(f"  saved to {path.relative_to(ROOT)}; try it: python -m scripts.test dialogue")

    def _show(self, bot: BotTurn) -> None:
        new = self._reader.new()
        self._events += new
        self._conversation.add(new)
        turns = self._conversation.turns
        if not any(event.get("event") == "user" for event in new) or not turns:
            self._say("  the assistant recorded nothing of this turn; its log says why")
        else:
            self._explain(turns[-1])
        self._say_what_was_said(bot, turns[-1] if turns else None)
        self._after(bot)

    def _explain(self, turn: Turn) -> None:
        for line in lines.whole(turn, self._conversation, self._files, self._paint):
            self._say(line)

    def _say_what_was_said(self, bot: BotTurn, turn: Turn | None) -> None:
        recorded = list(turn.said) if turn is not None else []
        for place, sent in enumerate(bot.of(dialogue.Say)):
            # the record names the response; a turn that failed has none
            said = recorded[place] if place < len(recorded) else Said(sent.text, "", {})
            self._say(lines.said(said, self._files, self._paint))
        for hint in bot.of(dialogue.Listen):
            self._say(lines.listening(hint.expect, hint.max_digits, hint.boost, self._paint))
        first = "" if bot.first_ms is None else f"first words after {bot.first_ms:.0f} ms, "
        self._say(self._paint.line("time", f"{first}turn {bot.ms:.0f} ms"))

    def _after(self, bot: BotTurn) -> None:
        for error in bot.of(dialogue.Error):
            self._say(self._paint(f"  the turn failed: {error.reason}; the assistant's log says more", "red"))
        for transfer in bot.of(dialogue.Transfer):
            to = f"to {transfer.target or 'a human'} ({transfer.mode}): {transfer.summary}"
            self._say(self._paint(f"--- the call is handed over {to}", "yellow"))
        for hang_up in bot.of(dialogue.HangUp):
            self._say(self._paint(f"--- the bot hangs up ({hang_up.reason})", "yellow"))
        if bot.ends_call and self._call is not None:
            self._call.end("transferred" if bot.of(dialogue.Transfer) else "bot_hung_up")
            self._call = None
            self._say(self._paint("--- " + HUNG_UP, "dim"))
