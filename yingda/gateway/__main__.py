"""``python -m yingda.gateway [--settings settings/gateway.yml]``: take and place telephone calls."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from functools import partial
from pathlib import Path

from yingda.gateway.call import Services
from yingda.gateway.call_record import Recorder
from yingda.gateway.calls import Calls
from yingda.gateway.http_api import HttpApi
from yingda.gateway.latency import AudioHistory
from yingda.gateway.metrics import Metrics
from yingda.gateway.playback import Playback
from yingda.gateway.prompts import PromptError, Prompts
from yingda.gateway.settings import GatewaySettings
from yingda.gateway.speech_link import SpeechLink
from yingda.plumbing import logs, settings
from yingda.plumbing.recording import keys
from yingda.plumbing.recording.vault import COLLECTION, Vault

log = logging.getLogger("gateway")

_GOODBYE_S = 12.0


class StartError(Exception):
    """The gateway cannot start; the text says why and what to do."""


class Gateway:
    """The process."""

    def __init__(self, config: GatewaySettings) -> None:
        self._config = config
        self._metrics = Metrics()
        self._prompts = Prompts(config.prompts, config.speech.voice)
        self._prompts.load()
        self._speech = SpeechLink(config.speech, self._speech_changed)
        self._recorder = Recorder(config.records)
        self._vault = self._open_vault()
        shared = (config, self._speech, self._prompts, self._recorder, AudioHistory(), self._metrics)
        self._calls = Calls(Services(*shared, self._vault))
        self._stop = asyncio.Event()

    def _open_vault(self) -> Vault | None:
        config = self._config
        if not config.media.record:
            return None
        ring = keys.load(Path(config.recordings.keys_file))
        recorder, root = self._recorder, Path(config.media.recordings_dir)
        return Vault(root, ring, recorder.recording_key, partial(recorder.save, COLLECTION))

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then let the calls end.  Raises StartError."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        http, sip = self._config.http, self._config.sip
        self._recorder.start()
        await self._speech.start()
        making = asyncio.create_task(self._prompts.make_missing(self._speech))
        await _bind(self._calls.start(), "sip.port", f"{sip.bind_host}:{sip.port}/udp")
        api = HttpApi(self._calls, self._metrics, self._why_not_ready, self._playback())
        runner = await _bind(api.start(http.host, http.port), "http.port", f"{http.host}:{http.port}/tcp")
        log.info("taking calls on %s:%d/udp", sip.bind_host, sip.port)
        await self._stop.wait()
        await self._drain()
        making.cancel()
        await runner.cleanup()
        await self._calls.stop()
        await self._speech.close()
        await asyncio.to_thread(self._recorder.stop)

    def _playback(self) -> Playback | None:
        if self._vault is None:
            return None
        return Playback(self._config.recordings, self._vault, self._recorder.find_call, self._recorder.audit)

    async def _drain(self) -> None:
        self._calls.drain()
        log.info("draining: %d calls, %.0f s at most", self._calls.count, self._config.calls.drain_s)
        await self._no_calls_within(self._config.calls.drain_s)
        self._calls.close_all("gateway_stopping")
        await self._no_calls_within(_GOODBYE_S)

    async def _no_calls_within(self, limit_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._calls.wait_until_none()

    def _speech_changed(self, is_up: bool) -> None:
        self._metrics.count("speech_restored" if is_up else "speech_lost")
        self._calls.speech_changed(is_up)

    def _why_not_ready(self) -> str | None:
        if self._stop.is_set():
            return "draining"
        if self._prompts.missing:
            state = "is being asked" if self._speech.is_up else "does not answer"
            return f"fixed prompts are not made yet: speech server {self._config.speech.address} {state}"
        return None


async def _bind(start, key: str, address: str):  # type: ignore[no-untyped-def]
    try:
        return await start
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(
            f"settings/gateway.yml: {key}: cannot listen on {address} ({reason}); "
            "stop what uses the port, or set another"
        ) from error


def main() -> int:
    """Exit status 0 after a drain, 1 when the gateway cannot start."""
    parser = argparse.ArgumentParser(prog="python -m yingda.gateway", description=__doc__)
    parser.add_argument("--settings", default="settings/gateway.yml")
    path = parser.parse_args().settings
    logs.setup("gateway")
    try:
        asyncio.run(_serve(path))
    except (settings.SettingsError, StartError, PromptError, keys.KeysError, FileNotFoundError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(path: str) -> None:
    await Gateway(settings.load(path, GatewaySettings)).run()


if __name__ == "__main__":
    sys.exit(main())
