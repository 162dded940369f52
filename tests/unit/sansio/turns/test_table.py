"""The table itself: complete names, no dead rows, and a page that is drawn from it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sansio.turns.turn_scene import Scene
from yingda.sansio.turns import State
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.actions import Actions
from yingda.sansio.turns.diagram import markdown
from yingda.sansio.turns.guards import GUARDS
from yingda.sansio.turns.table import ALWAYS, ANY, TABLE


def test_every_guard_and_action_exists():
    named = [(row.guard, row.action) for row in TABLE] + [row[1:3] for row in ANY + ALWAYS]
    for guard, action in named:
        assert guard in GUARDS
        assert not action or hasattr(Actions, f"_do_{action}")


def test_no_guard_and_no_action_is_unused():
    named = [(row.guard, row.action) for row in TABLE] + [row[1:3] for row in ANY + ALWAYS]
    assert set(GUARDS) == {guard for guard, _ in named}
    actions = {name.removeprefix("_do_") for name in dir(Actions) if name.startswith("_do_")}
    assert actions - {action for _, action in named} == set()


def test_every_event_is_one_of_ours():
    known = {name for name, value in vars(ev).items() if isinstance(value, type)}
    assert {row.event for row in TABLE if not row.event.startswith("timer ")} <= known


def test_a_row_without_guard_is_the_last_of_its_event():
    seen = set()
    for row in TABLE:
        assert (row.state, row.event) not in seen, row
        if not row.guard:
            seen.add((row.state, row.event))


def test_every_state_can_be_left():
    assert {row.state for row in TABLE if row.target is not row.state} == set(State) - {State.ENDED}


def test_the_page_is_current():
    page = Path("docs/turns.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: python -m yingda.sansio.turns docs/turns.md"


def _event(kind: int, clip: int, text: str) -> ev.Event:
    return [
        ev.SpeechStarted(0),
        ev.SpeechEnded(0),
        ev.PartialTranscribed(clip, text),
        ev.FinalTranscribed(clip, text, 0.5),
        ev.RecognitionFailed(clip),
        ev.SpeechServiceFailed(),
        ev.SpeechServiceRestored(),
        ev.SynthesisFinished(clip, 500),
        ev.SynthesisFailed(clip),
        ev.BotSaid(clip, text),
        ev.BotTurnDone(clip),
        ev.DialogueFailed(clip),
        ev.DialogueLost(),
        ev.DialogueRestored(),
        ev.PlaybackStarted(clip, 0),
        ev.PlaybackFinished(clip),
        ev.PlaybackStopped(clip, 100),
        ev.DigitReceived("1"),
    ][kind]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 17),
            st.integers(1, 6),
            st.sampled_from(["", "嗯", "查一下话费。"]),
            st.floats(0, 4),
        )
    )
)
def test_whatever_happens_something_is_waited_for(steps):
    """No sequence of events raises, and no call is ever left without a deadline."""
    scene = Scene()
    scene.at(0.0, ev.CallConnected())
    now = 0.0
    for kind, clip, text, pause in steps:
        now += pause
        event = _event(kind, clip, text)
        if isinstance(event, ev.BotSaid) and not text:
            continue
        scene.at(now, event)
        assert scene.state is State.ENDED or scene.machine.get_timer() is not None
