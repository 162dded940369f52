"""Turn taking: who has the floor in a call.  Start reading at table.py."""

from yingda.sansio.turns import commands, events
from yingda.sansio.turns.machine import TurnMachine
from yingda.sansio.turns.settings import TurnSettings
from yingda.sansio.turns.table import State

__all__ = ["State", "TurnMachine", "TurnSettings", "commands", "events"]
