"""TurnMachine: events and time in, commands out.  Who has the floor is decided in table.py."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.actions import Actions
from yingda.sansio.turns.guards import GUARDS
from yingda.sansio.turns.settings import TurnSettings
from yingda.sansio.turns.table import State, rows


class TurnMachine:
    """Turn taking of one call.

    ``prompts`` gives the words of each fixed prompt by its key (they count as said by the bot).
    Feed ``receive`` and ``handle_timer`` with a clock in seconds that never goes back; take every
    ``next_command`` after each of them; call ``handle_timer`` when ``get_timer`` is due.
    """

    def __init__(self, settings: TurnSettings, prompts: Mapping[str, str] | None = None) -> None:
        self.state = State.IDLE
        self.stale = 0  # events dropped because their turn was over
        self._settings = settings
        self._commands: deque[cmd.Command] = deque()
        self._actions = Actions(settings, prompts or {}, self._commands)
        self._facts = self._actions.facts

    @property
    def generation(self) -> int:
        """The number of the present bot turn."""
        return self._facts.generation

    @property
    def expects(self) -> str:
        """What the dialogue expects the customer to say."""
        return self._facts.hints.expect

    def receive(self, event: ev.Event, now: float) -> None:
        """Take one event that happened by ``now``."""
        if self.state is State.ENDED:
            return
        if self._facts.is_stale(event):
            self.stale += 1
            return
        self._facts.note(event)
        self._actions.after_note(event, now)
        name = f"timer {event.name}" if isinstance(event, ev.TimerFired) else type(event).__name__
        for row in rows(self.state, name):
            if GUARDS[row.guard](self._facts, self._settings, event):
                if row.action:
                    self._actions.do(row.action, event, now)
                self.state = row.target
                return

    def next_command(self) -> cmd.Command | None:
        """The next thing to do, or None."""
        return self._commands.popleft() if self._commands else None

    def get_timer(self) -> float | None:
        """When ``handle_timer`` wants to be called, or None."""
        return min(self._actions.timers.values(), default=None)

    def handle_timer(self, now: float) -> None:
        """Fire every deadline that has passed, the earliest first."""
        timers = self._actions.timers
        for _ in range(len(timers)):
            name = min(timers, key=lambda n: timers[n], default=None)
            if name is None or timers[name] > now:
                return
            del timers[name]
            self.receive(ev.TimerFired(name), now)
