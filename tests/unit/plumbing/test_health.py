from __future__ import annotations

import json

import pytest

from yingda.plumbing import health


@pytest.mark.parametrize(
    ("path", "reason", "status", "body"),
    [
        ("/health", None, b"200 OK", {"status": "ok"}),
        (
            "/health",
            "loading models",
            b"503 Service Unavailable",
            {"status": "starting", "reason": "loading models"},
        ),
        ("/else", None, b"404 Not Found", {"error": "there is /health and /metrics here"}),
    ],
)
def test_answers(path: str, reason: str | None, status: bytes, body: dict[str, str]) -> None:
    head, _, sent = health._respond(path, lambda: reason).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert f"Content-Length: {len(sent)}".encode() in head
    assert json.loads(sent) == body


def test_metrics_are_text() -> None:
    head, _, sent = health._respond("/metrics", lambda: None, lambda: "calls 3\n").partition(b"\r\n\r\n")
    assert b"text/plain" in head and sent == b"calls 3\n"


def test_waiting_ends_when_ready_when_ended_and_at_the_deadline() -> None:
    answers = iter(["starting", "starting", None])
    health.wait_until_ready("x", lambda: next(answers), 5, poll_s=0)
    with pytest.raises(health.NotReady, match="speech ended with status 1"):
        health.wait_until_ready("speech", lambda: "no", 5, lambda: "ended with status 1", poll_s=0)
    with pytest.raises(health.NotReady, match="speech was not ready after 0 s: loading"):
        health.wait_until_ready("speech", lambda: "loading", 0, poll_s=0)
