"""python -m yingda.speech [--settings settings/speech.yml]: the speech server. Exit status 2: it cannot
start."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch: more threads spin and lose


async def _run(settings: object, path: str) -> None:
    from yingda.speech.server import SpeechServer
    from yingda.speech.settings import SpeechSettings

    assert isinstance(settings, SpeechSettings)
    server = SpeechServer(settings, path)
    server.check()
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    starting = asyncio.ensure_future(server.start())
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        os._exit(0)  # in the middle of loading: nothing to finish, and the imports cannot be interrupted
    starting.result()
    await stop
    await server.stop()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m yingda.speech", description=__doc__)
    parser.add_argument(
        "--settings", default="settings/speech.yml", help="settings file (default: %(default)s)"
    )
    path = parser.parse_args().settings

    from yingda.plumbing import logs
    from yingda.plumbing.settings import SettingsError, load
    from yingda.speech.model_files import ModelError
    from yingda.speech.settings import SpeechSettings

    logs.setup("speech")
    try:
        settings = load(path, SpeechSettings)
        from yingda.speech.server import StartError
    except SettingsError as error:
        print(f"speech: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(settings, path))
    except (ModelError, StartError) as error:
        print(f"speech: {error}", file=sys.stderr, flush=True)
        os._exit(2)  # a loading thread may still be importing and cannot be interrupted
    return 0


if __name__ == "__main__":
    sys.exit(main())
