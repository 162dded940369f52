"""python -m yingda.speech [--settings settings/speech.yml]: the speech server. Exit status 2: it cannot
start. SIGTERM or Ctrl-C lets what runs end (server.drain_s); a second one does not."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import traceback

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch: more threads spin and lose

# A step lets go of the interpreter hundreds of times, and waits for it so long each time beside a busy thread
# (with Python's own 5 ms a step of 8 streams took 480 ms beside one, with 1 ms 350).
_SWITCH_S = 0.001


async def _run(settings: object, path: str) -> None:
    from yingda.speech.engines.model_files import ModelError
    from yingda.speech.server import SpeechServer, StartError
    from yingda.speech.settings import SpeechSettings

    assert isinstance(settings, SpeechSettings)
    sys.setswitchinterval(_SWITCH_S)
    server = SpeechServer(settings, path)
    server.check()
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    hurry = asyncio.Event()

    def on_signal() -> None:
        (hurry if stopping.is_set() else stopping).set()  # who asks twice does not want to wait

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    starting = asyncio.ensure_future(server.start())
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        os._exit(0)  # in the middle of loading: nothing to finish, and the imports cannot be interrupted
    error = starting.exception()
    if error is not None:
        kinds = (ModelError, StartError)
        text = str(error) if isinstance(error, kinds) else "".join(traceback.format_exception(error))
        print(f"speech: {text}", file=sys.stderr, flush=True)
        os._exit(2)  # a loading thread may still be importing, and cannot be interrupted
    await stop
    await server.stop(hurry)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m yingda.speech", description=__doc__)
    parser.add_argument(
        "--settings", default="settings/speech.yml", help="settings file (default: %(default)s)"
    )
    path = parser.parse_args().settings

    from yingda.plumbing import logs
    from yingda.plumbing.settings import SettingsError, load
    from yingda.speech.engines.model_files import ModelError
    from yingda.speech.settings import SpeechSettings

    logs.setup("speech")
    try:
        asyncio.run(_run(load(path, SpeechSettings), path))
    except (SettingsError, ModelError) as error:
        print(f"speech: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
