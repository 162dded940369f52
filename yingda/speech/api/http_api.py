"""What the speech server offers over HTTP: health and metrics to everyone, /v1/asr and /v1/tts to who may."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from yingda.plumbing import health
from yingda.speech.api.bearer import Denied, Gate
from yingda.speech.api.rest_tts import RestSynthesis
from yingda.speech.api.websocket_asr import Limits, WebSocketRecognition
from yingda.speech.hearing.streams import Hearing
from yingda.speech.metrics import Metrics
from yingda.speech.settings import Token
from yingda.speech.voice.synthesiser import Synthesiser

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PATHS = "/health, /metrics, /v1/asr and /v1/tts"
IDLE_S = 15.0  # for a connection that asks nothing, from its first byte on
STOPPING = "stopping"  # what why_not_ready() says when the server lets nobody in any more
_RETRY_AFTER_S = "5"
_DRAIN_POLL_S = 0.05


class HttpApi:
    """Answers health and metrics from the start; the rest once `open` was called."""

    def __init__(
        self,
        why_not_ready: Callable[[], str | None],
        metrics: Metrics,
        tokens: Sequence[Token],
        longest_body: int,
    ) -> None:
        """`why_not_ready()` is None when requests can be served; `longest_body` in bytes."""
        self._why_not_ready, self._metrics, self._gate = why_not_ready, metrics, Gate(tokens)
        self._longest_body = longest_body
        self._asr: WebSocketRecognition | None = None
        self._tts: RestSynthesis | None = None
        self._runner: web.AppRunner | None = None
        self._running = 0

    def open(self, hearing: Hearing, synthesiser: Synthesiser, limits: Limits | None = None) -> None:
        """The models are there."""
        self._asr = WebSocketRecognition(hearing, self._metrics, limits)
        self._tts = RestSynthesis(synthesiser, self._metrics)

    async def start(self, host: str, port: int) -> None:
        """Listen; OSError when the port is taken."""
        app = web.Application(client_max_size=self._longest_body, middlewares=[self._guard])
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics_page)
        app.router.add_get("/v1/asr", self._recognise)
        app.router.add_post("/v1/tts", self._speak)
        app.on_shutdown.append(self._say_goodbye)
        # A client who hangs up ends its handler at once, which frees its slot or its place in the queue.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, keepalive_timeout=IDLE_S, shutdown_timeout=1.0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()

    async def drain(self, limit_s: float) -> None:
        """Wait until what runs has ended, at most `limit_s`; health and metrics are answered meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while self._running:  # noqa: ASYNC110 (an end is worth no event of its own)
                    await asyncio.sleep(_DRAIN_POLL_S)

    async def stop(self) -> None:
        """Close what is open."""
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._runner.addresses[0][1]) if self._runner is not None else 0

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not request.path.startswith("/v1/"):
                return await handler(request)
            self._gate.admit(request.remote, request.headers)
            self._running += 1
            try:
                return await handler(request)
            finally:
                self._running -= 1
        except Denied as error:
            self._metrics.count("speech_denied_total")
            headers = {"WWW-Authenticate": error.challenge} if error.challenge else {}
            return web.json_response({"error": str(error)}, status=error.status, headers=headers)
        except web.HTTPNotFound:
            return web.json_response({"error": f"there is {PATHS} here"}, status=404)
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            text = f"{request.path} takes {allowed}"
            return web.json_response({"error": text}, status=405, headers={"Allow": allowed})

    async def _health(self, request: web.Request) -> web.Response:
        reason = self._why_not_ready()
        status, body = health.answer(reason)
        if reason == STOPPING:
            body["status"] = STOPPING
        return web.json_response(body, status=status)

    async def _metrics_page(self, request: web.Request) -> web.Response:
        headers = {"Content-Type": "text/plain; version=0.0.4"}
        return web.Response(body=self._metrics.render().encode(), headers=headers)

    async def _recognise(self, request: web.Request) -> web.StreamResponse:
        return await (self._asr.handle(request) if self._asr and self._is_ready() else self._not_yet())

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        return await (self._tts.handle(request) if self._tts and self._is_ready() else self._not_yet())

    def _is_ready(self) -> bool:
        return self._why_not_ready() is None

    async def _not_yet(self) -> web.Response:
        error = {"error": f"not ready: {self._why_not_ready() or 'starting'}"}
        return web.json_response(error, status=503, headers={"Retry-After": _RETRY_AFTER_S})

    async def _say_goodbye(self, app: web.Application) -> None:
        if self._asr is not None:
            with contextlib.suppress(OSError):
                await self._asr.stop()
