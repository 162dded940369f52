"""kill -9 in the middle of a call: its recording is playable and lacks about a second at most."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

pytestmark = pytest.mark.integration

PROGRAM = """
import asyncio, sys
from yingda.gateway.media import MediaEngine, MediaSettings
async def main():
    settings = MediaSettings("127.0.0.1", 23200, 23299, max_legs=4, recordings_dir=sys.argv[1])
    engine = MediaEngine(settings)
    engine.start(lambda events: None)
    leg = engine.open_leg("killed")
    leg.connect(("127.0.0.1", 9), 8)
    print(leg.recording_path, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_killed_process_leaves_its_recordings(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    path = Path(process.stdout.readline().strip())
    begun = time.monotonic()
    time.sleep(3.5)
    process.kill()
    lasted = time.monotonic() - begun
    process.wait()
    process.stdout.close()
    data = path.read_bytes()
    length = int.from_bytes(data[54:58], "little")
    assert len(data) >= 58 + length
    assert int.from_bytes(data[4:8], "little") == 50 + length
    assert lasted - length / 16000 <= 1.4
    assert soundfile.info(path).duration == pytest.approx(length / 16000, abs=0.01)
