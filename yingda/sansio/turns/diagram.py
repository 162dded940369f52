"""docs/turns.md, drawn from the table."""

from __future__ import annotations

from yingda.sansio.turns.table import ALWAYS, ANY, TABLE, State

_HEAD = """# Turn taking

Drawn from `yingda/sansio/turns/table.py` by `python -m yingda.sansio.turns docs/turns.md`; change the table,
not this page.

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
