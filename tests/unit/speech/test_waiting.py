"""Who is served first by the voice's thread."""

import pytest

from yingda.speech.voice.waiting import Full, Waiting


def test_live_work_goes_first_and_interrupted_work_before_the_rest() -> None:
    waiting: Waiting[str] = Waiting(most_live=2)
    waiting.put_background("prompt 1")
    waiting.put_background("prompt 2")
    waiting.put_live("clause 1")
    waiting.put_live("clause 2")
    with pytest.raises(Full):
        waiting.put_live("clause 3")
    assert waiting.has_live()
    assert [waiting.get() for _ in range(3)] == ["clause 1", "clause 2", "prompt 1"]
    assert not waiting.has_live()
    waiting.put_background("prompt 1", again=True)
    assert [waiting.get() for _ in range(2)] == ["prompt 1", "prompt 2"]


def test_nothing_is_given_out_once_closed() -> None:
    waiting: Waiting[str] = Waiting(1)
    waiting.put_live("clause")
    waiting.close()
    assert waiting.is_closed and waiting.get() is None
