"""docs/turns.md, drawn from the table."""

from __future__ import annotations

from yingda.sansio.turns.table import ALWAYS, ANY, TABLE, State

_HEAD = """# Turn taking

Drawn from `yingda/sansio/turns/table.py` by `python -m yingda.sansio.turns docs/turns.md`; change the table,
not this page.

## When a turn is over

Silence ends a turn: `turns.endpoint_*` in `settings/gateway.yml`, by what the dialogue asked for.
Words that are nothing but an opener (`unfinished_openers`: 你好, 那个) or break off
(`unfinished_endings`: 我想, 的) get `endpoint_unfinished_ms`, except after a question for digits or
yes/no. If only the final transcript shows that the words break off, the rest of that time is still
waited.

## When it was sent too early

A customer who goes on before the answer is heard, or within `continuation_ms` of its first sound,
cancels it:

- sound pauses the bot; words cancel the answer (generation + 1, playback stopped, late `say`
  dropped). A cough or a nod only delays it. While the customer still makes sound, the bot waits two
  seconds longer than usual.
- what is said next is joined to the words sent before, and goes out as one new customer turn, with
  the hints of the question that it answers. `heard` tells how little of the cancelled answer was
  heard; null: none was made.
- the dialogue gets the first words twice: once alone, once in the joined turn. The earlier turn and
  its answer stay in its tracker; what an action did for them is done. A slot filled from them is
  filled again. In the call's record the joined turn takes the place of the earlier one.
- not joined, but an ordinary barge-in: after `continuations` joins in a row; when the words sent
  were a whole answer (yes, no, all digits asked for) or were cut at `max_turn_s`; when the answer
  may not be interrupted, hangs up or transfers; when the bot speaks a prompt of its own (an
  apology). A filler counts as no answer.

## When the answer is slow

Nothing heard of it `filler_after_ms` after the turn was sent: one filler of `prompts.fillers`, the next one
each time. It waits while the customer makes sound, and is interrupted like any words. The answer queues
behind it. It is no part of what was said: `heard`, the tracker and the record leave it out, and it is counted
apart.

## States

"""


def markdown() -> str:
    """The whole page."""
    return _HEAD + _meanings() + "\n```mermaid\n" + mermaid() + "```\n\n" + _full_table()


def mermaid() -> str:
    """One arrow for each pair of states, labelled with the events that lead along it."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for row in TABLE:
        if row.state is not row.target:
            events = arrows.setdefault((row.state, row.target), [])
            if row.event not in events:
                events.append(row.event)
    lines = ["stateDiagram-v2", f"    [*] --> {State.IDLE.name}"]
    lines += [f"    {a.name} --> {b.name}: {', '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join([*lines, f"    {State.ENDED.name} --> [*]"]) + "\n"


def _meanings() -> str:
    return "| state | meaning |\n| --- | --- |\n" + "".join(f"| {s.name} | {s.value} |\n" for s in State)


def _full_table() -> str:
    head = "| state | event | if | do | go to |\n| --- | --- | --- | --- | --- |\n"
    body = "".join(_line(r.state.name, r.event, r.guard, r.action, r.target) for r in TABLE)
    body += "".join(_line("any but IDLE, CLOSING, ENDED", *rest) for rest in ANY)
    body += "".join(_line("any but ENDED", *rest) for rest in ALWAYS)
    return head + body


def _line(state: str, event: str, guard: str, action: str, target: State) -> str:
    return f"| {state} | {event} | {guard.replace('_', ' ')} | {action.replace('_', ' ')} | {target.name} |\n"
