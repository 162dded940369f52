"""kill -9 in the middle of a call: its recording is playable and lacks about a second at most."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from tests.fakes.recordings import read, write_keys

pytestmark = pytest.mark.integration

PROGRAM = """
import asyncio, sys
from pathlib import Path
from yingda.gateway.media import MediaEngine, MediaSettings
from yingda.plumbing.recording import keys, vault
async def main():
    settings = MediaSettings("127.0.0.1", 23200, 23299, max_legs=4, recordings_dir=sys.argv[1])
    ring = keys.load(Path(sys.argv[1]) / "recordings.keys")
    engine = MediaEngine(settings, vault=vault.Vault(Path(sys.argv[1]), ring))
    engine.start(lambda events: None)
    leg = engine.open_leg("killed")
    leg.connect(("127.0.0.1", 9), 8)
    print(leg.recording_path, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.requirement(104)
def test_a_killed_process_leaves_its_recordings(tmp_path: Path) -> None:
    write_keys(tmp_path)
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
    recording = read(path)
    assert recording.ended is None
    assert lasted - recording.seconds <= 1.4
    (tmp_path / "a.wav").write_bytes(recording.wav())
    assert soundfile.info(tmp_path / "a.wav").duration == pytest.approx(recording.seconds, abs=0.01)
