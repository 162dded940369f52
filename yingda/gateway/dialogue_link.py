"""The link of one call to the dialogue: a WebSocket that is taken up again when it breaks.

A call belongs to one of the dialogue's workers, calls being spread over them by their ids, and stays with
it as long as that worker answers. Then the next one takes the conversation up where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from collections import deque
from collections.abc import Callable

import websockets
from websockets.asyncio.client import ClientConnection, connect

from yingda.gateway.settings import DialogueSettings
from yingda.messages import dialogue
from yingda.messages.wire import MessageError

log = logging.getLogger(__name__)

_LONGEST_RETRY_S = 1.0
_FAREWELL_S = 2.0  # the dialogue closes the socket once it has CallEnded; older ones never do


class DialogueLink:
    """Messages up and down of one call.

    ``on_lost`` and ``on_restored`` alternate.  What is sent while the link is broken is dropped: the turn
    machine keeps the turn and sends it again.  ``send`` returns at once.
    """

    def __init__(
        self,
        settings: DialogueSettings,
        call_id: str,
        on_message: Callable[[dialogue.Down], None],
        on_lost: Callable[[], None],
        on_restored: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._call_id = call_id
        self._on_message, self._on_lost, self._on_restored = on_message, on_lost, on_restored
        self._outbox: deque[str] = deque()
        self._wake = asyncio.Event()
        self._is_lost = False
        self._is_ending = False
        self._worker = zlib.crc32(call_id.encode()) % len(settings.urls)
        self._task = asyncio.create_task(self._run())

    def send(self, message: dialogue.Up) -> None:
        """Queue one message."""
        if not self._is_lost:
            self._outbox.append(dialogue.to_json(message))
            self._wake.set()

    async def close(self) -> None:
        """Send what is queued, and close when the dialogue has it, or after some seconds."""
        self._is_ending = True
        self._wake.set()
        done, _ = await asyncio.wait([self._task], timeout=_FAREWELL_S + 1.0)
        if not done:
            self._task.cancel()

    async def _run(self) -> None:
        retry_s, in_vain = self._settings.retry_s, 0
        while not self._is_ending:
            try:
                socket = await self._connect()
            except (OSError, websockets.InvalidHandshake, websockets.InvalidMessage, TimeoutError) as error:
                self._next_worker()
                in_vain += 1
                if in_vain % len(self._settings.urls) == 0:  # nobody is there
                    self._lose(type(error).__name__)
                    await asyncio.sleep(retry_s)
                    retry_s = min(retry_s * 1.5, _LONGEST_RETRY_S)
                continue
            retry_s, in_vain = self._settings.retry_s, 0
            if self._is_lost:
                self._is_lost = False
                self._on_restored()
            async with socket:
                await self._exchange(socket)
            if not self._is_ending:
                self._lose("closed")
                self._next_worker()

    async def _connect(self) -> ClientConnection:
        async with asyncio.timeout(self._settings.connect_timeout_s):
            return await connect(
                f"{self._settings.urls[self._worker]}/{self._call_id}",
                ping_interval=self._settings.ping_s,
                ping_timeout=self._settings.ping_s,
                close_timeout=1.0,
                proxy=None,
            )

    def _next_worker(self) -> None:
        self._worker = (self._worker + 1) % len(self._settings.urls)

    def _lose(self, reason: str) -> None:
        if not self._is_lost and not self._is_ending:
            self._is_lost = True
            self._outbox.clear()
            log.warning("call %s: link to the dialogue lost (%s)", self._call_id, reason)
            self._on_lost()

    async def _exchange(self, socket: ClientConnection) -> None:
        reader = asyncio.create_task(self._read(socket))
        writer = asyncio.create_task(self._write(socket))
        await asyncio.wait([reader, writer], return_when=asyncio.FIRST_COMPLETED)
        if self._is_ending and not reader.done():
            # who closes at once takes the last frames back from a server that is busy with a turn: Sanic
            # drops what it had not yet handed on
            await asyncio.wait([reader], timeout=_FAREWELL_S)
        for task in (reader, writer):
            task.cancel()
        for result in await asyncio.gather(reader, writer, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, websockets.ConnectionClosed):
                log.error("call %s: dialogue link: %s", self._call_id, type(result).__name__, exc_info=result)

    async def _read(self, socket: ClientConnection) -> None:
        async for frame in socket:
            try:
                message = dialogue.parse_down(frame)
            except MessageError as error:
                log.error("call %s: %s", self._call_id, error)
                continue
            if not self._is_ending:
                self._on_message(message)

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            while self._outbox:
                with contextlib.suppress(IndexError):
                    await socket.send(self._outbox.popleft())
            if self._is_ending:
                return
            self._wake.clear()
            await self._wake.wait()
