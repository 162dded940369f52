"""What the test caller prints: the call as it happens, then each turn, then the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from yingda.caller.evidence import TurnEvidence, TurnRecord
from yingda.caller.judge import Verdict


def clock(at_s: float) -> str:
    """Seconds since answer as mm:ss.s."""
    return f"{int(at_s // 60):02d}:{at_s % 60:04.1f}"


class Live:
    """Prints both sides while the call goes on: what we do at once, what the bot recorded as it appears."""

    def __init__(self, sentences: Mapping[str, str], write: Callable[[str], Any] = print) -> None:
        """``sentences``: the words of the clips."""
        self._sentences, self._write = sentences, write
        self._shown: set[int] = set()

    def tell(self, at_s: float, text: str) -> None:
        """Something that the caller did or heard."""
        who, _, clip = text.partition(": ")
        if who == "caller" and clip:
            sentence = self._sentences.get(clip)
            text = f"caller says 「{sentence}」" if sentence else f"caller sends {clip}"
        self._write(f"{clock(max(0.0, at_s))}    {text}")

    def records(self, turns: list[TurnRecord]) -> None:
        """The turns on record so far; new ones are printed."""
        for turn in turns:
            if turn.seq in self._shown or not _is_whole(turn):
                continue
            self._shown.add(turn.seq)
            self._write(f"{clock(turn.started_s or 0.0)}  {_line(turn)}")
            for line in turn.understood.why if turn.understood is not None else ():
                self._write(f"         {line}")


def _is_whole(turn: TurnRecord) -> bool:
    """A bot turn has its text when it is over; a customer turn is worth showing once it is understood."""
    if turn.side == "bot":
        return turn.ended_s is not None
    return turn.side == "silence" or turn.understood is not None


def _line(turn: TurnRecord) -> str:
    if turn.side == "silence":
        return "          (nobody speaks)"
    if turn.side == "bot":
        cut = f" (interrupted; heard 「{turn.heard or ''}」)" if turn.interrupted else ""
        return f"bot       {turn.text}{cut}"
    understood = turn.understood
    if understood is None:
        return f"customer  {turn.text}"
    values = "".join(f" {key}={value}" for key, value in understood.entities.items())
    return f"customer  {turn.text}  [{understood.intent} {understood.confidence:.2f}{values}]"


def table(turns: list[TurnEvidence], verdict: Verdict) -> list[str]:
    """A line for each turn of the scene: latency on the wire, what was understood, whether all is well."""
    failed = {failure.turn for failure in verdict.failures}
    lines = ["turn                        latency   line silent  understood"]
    for evidence in turns:
        trace = evidence.trace
        latency = "-" if trace.latency_s is None else f"{trace.latency_s:.2f} s"
        wanted = trace.turn.expect.line_silent_ms is not None and trace.silenced_s is not None
        silent = f"{(trace.silenced_s or 0) * 1000:.0f} ms" if wanted else "-"
        understood = evidence.understood
        intent = "-" if understood is None else f"{understood.intent} {understood.confidence:.2f}"
        mark = "FAILED" if trace.turn.name in failed else "ok"
        lines.append(f"{trace.turn.name:<26}  {latency:>7}   {silent:>11}  {intent:<28} {mark}")
    return lines


def summary(verdict: Verdict) -> list[str]:
    """Failures, then the last lines: turns, understood turns, response latency."""
    lines = [f"FAILED {failure.turn}: {failure.why}" for failure in verdict.failures]
    p50, p95 = (("-" if v is None else f"{v:.2f} s") for v in (verdict.p50_s, verdict.p95_s))
    lines.append(f"turns: {verdict.turns}")
    lines.append(f"understood turns: {verdict.understood}")
    apart = f" ({verdict.fillers} fillers, not counted)" if verdict.fillers else ""
    lines.append(f"response latency on the wire: p50 {p50}, p95 {p95}{apart}")
    return lines


def as_json(scene: str, turns: list[TurnEvidence], verdict: Verdict) -> dict[str, Any]:
    """The same for machines (figures)."""
    return {
        "scene": scene,
        "passed": verdict.passed,
        "turns": verdict.turns,
        "understood": verdict.understood,
        "p50_s": verdict.p50_s,
        "p95_s": verdict.p95_s,
        "failures": [{"turn": f.turn, "why": f.why} for f in verdict.failures],
        "per_turn": [
            {
                "name": e.trace.turn.name,
                "latency_s": e.trace.latency_s,
                "filler_s": e.trace.filler_s,
                "silenced_s": e.trace.silenced_s,
                "intent": None if e.understood is None else e.understood.intent,
                "recognised": "".join(c.text for c in e.customer),
                "bot": e.bot_text,
            }
            for e in turns
        ],
    }
