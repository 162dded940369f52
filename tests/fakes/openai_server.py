"""A fake of an OpenAI-compatible endpoint: POST /v1/chat/completions answers what the test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeModel:
    """What the next answers are, and what was asked."""

    def __init__(self) -> None:
        self.text: Any = ""
        self.status = 200
        self.raw: bytes | None = None  # sent as it is
        self.seconds = 0.0
        self.asked: list[dict[str, Any]] = []
        self.authorised: list[str | None] = []
        self.url = ""


@contextmanager
def running() -> Iterator[FakeModel]:
    """On a free port of loopback."""
    model = FakeModel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            model.asked.append(json.loads(body))
            model.authorised.append(self.headers.get("Authorization"))
            time.sleep(model.seconds)
            choice = {"index": 0, "message": {"role": "assistant", "content": model.text}}
            answer = {"id": "x", "object": "chat.completion", "choices": [choice]}
            sent = model.raw if model.raw is not None else json.dumps(answer).encode()
            try:
                self.send_response(model.status if self.path == "/v1/chat/completions" else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except OSError:
                pass  # the caller gave up

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
