from __future__ import annotations

import pytest

from yingda.plumbing import health


def test_waiting_ends_when_ready_when_ended_and_at_the_deadline() -> None:
    answers = iter(["starting", "starting", None])
    health.wait_until_ready("x", lambda: next(answers), 5, poll_s=0)
    with pytest.raises(health.NotReady, match="speech ended with status 1"):
        health.wait_until_ready("speech", lambda: "no", 5, lambda: "ended with status 1", poll_s=0)
    with pytest.raises(health.NotReady, match="speech was not ready after 0 s: loading"):
        health.wait_until_ready("speech", lambda: "loading", 0, poll_s=0)
