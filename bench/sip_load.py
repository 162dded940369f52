"""sip_load: calls that fail when 200 come in at 20 a second with speech, and again with 10 % packet loss.

    make figure NAME=sip_load

The gateway is the real one; the speech and dialogue servers behind it are scripted (tests/fakes), for this
figure is about SIP, RTP, voice detection and call logic.  The calls are placed by sipp, an independent peer.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
import sys
import tempfile
from pathlib import Path

from tests.fakes.dialogue_server import ScriptedDialogue
from tests.fakes.gateway_process import GatewayProcess
from tests.fakes.speech_server import ScriptedSpeech

CALLS = 200
CALLS_PER_S = 20
TALK_MS = 5000
PCAPS = Path("/usr/share/sip-tester")
SCENARIO = Path(__file__).with_name("sip_load.xml")


async def place_calls(folder: Path, sip_port: int, lost_percent: int) -> tuple[int, int]:
    """Run sipp; returns calls that succeeded and that failed."""
    statistics = folder / f"sipp-{lost_percent}.csv"
    command = ["sipp", "-sf", str(SCENARIO), f"127.0.0.1:{sip_port}", "-i", "127.0.0.1", "-mi", "127.0.0.1"]
    command += [
        "-p",
        str(sip_port + 15),
        "-m",
        str(CALLS),
        "-r",
        str(CALLS_PER_S),
        "-d",
        str(TALK_MS),
        "-nostdin",
    ]
    command += ["-lost", str(lost_percent)] if lost_percent else []
    command += ["-trace_stat", "-stf", str(statistics), "-timeout", "120s", "-mp", "40000"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    if not statistics.exists():
        raise RuntimeError(f"sipp did not run: {errors.decode(errors='replace')}")
    with statistics.open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    why = {k: v for k, v in last.items() if k and "Failed" in k and k.endswith("(C)") and v.strip("0")}
    if why:
        print(f"sipp tells: {why}")
    return int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])


async def measure(folder: Path) -> list[tuple[int, int]]:
    """Both runs against one gateway."""
    (folder / "pcap").symlink_to(PCAPS)
    results = []
    script = ["我要查话费", "没有了", "谢谢"]
    answers = ["您的话费是三十元。请问还有别的需要吗？"] * 20
    async with ScriptedSpeech(script) as speech, ScriptedDialogue(answers) as dialogue:
        async with GatewayProcess(folder, speech, dialogue) as gateway:
            for lost in (0, 10):
                good, bad = await place_calls(folder, gateway.sip_port, lost)
                results.append((good, bad))
                print(f"{lost} % of packets lost: {good} calls succeeded, {bad} failed, {CALLS} placed")
            metrics = await gateway.get("/metrics") or ""
        print(f"recognition streams: {speech.recogniser.streams}")
    shown = ("media_lateness", "media_packets", "media_frames_skipped", "media_cpu", "latency_seconds_")
    for line in metrics.splitlines():
        if not line.startswith("#") and any(word in line for word in shown) and "bucket" not in line:
            print(line)
    return results


def main() -> int:
    """Print the figure; 0 when no call failed."""
    if shutil.which("sipp") is None:
        print("sip_load: sipp is missing (apt-get install sip-tester); not measured FAIL")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(measure(Path(folder)))
    failed = sum(CALLS - good for good, _ in results)
    text = ", ".join(f"{good} of {CALLS}" for good, _ in results)
    verdict = "PASS" if not failed else "FAIL"
    print(f"sip_load: {failed} calls failed ({text} with 10 % loss succeeded), bar 0 {verdict}")
    return 0 if not failed else 1


if __name__ == "__main__":
    sys.exit(main())
