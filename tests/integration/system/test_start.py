"""The whole system by the command that users type, beside whatever else runs on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yingda.plumbing import stores

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
OFFSET = 300


def environment(**extra: str) -> dict[str, str]:
    env = {**os.environ, "YINGDA_PORT_OFFSET": str(OFFSET), **extra}
    for name in ("MONGO_URL", "REDIS_URL"):
        if name not in extra:
            env.pop(name, None)
    return env


def start(**extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.run"]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**extra), capture_output=True, text=True, timeout=120
    )


def test_malformed_settings_stop_the_start_with_one_message() -> None:
    done = start(YINGDA_GATEWAY__SIP__PORT="abc")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.strip() == (
        "cannot start: settings/gateway.yml: YINGDA_GATEWAY__SIP__PORT: key 'sip.port': got 'abc', "
        "expected an integer 1-65535"
    )


def test_a_port_in_use_stops_the_start_with_one_message() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 5060 + OFFSET))
        done = start()
    assert done.returncode == 2
    (message,) = done.stderr.strip().splitlines()
    assert message.startswith(
        f"cannot start: port {5060 + OFFSET}/udp on 0.0.0.0, needed by SIP: Address already"
    )


def test_a_store_that_is_away_stops_the_start_with_one_message() -> None:
    done = start(REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 2
    (message,) = done.stderr.strip().splitlines()
    assert message.startswith("cannot start: REDIS_URL=redis://127.0.0.1:1/0: ")


def test_a_missing_model_stops_the_start_with_one_message() -> None:
    done = start(YINGDA_SPEECH__RECOGNISER__MODEL="models/speech/gone.nemo")
    assert done.returncode == 2
    (message,) = done.stderr.strip().splitlines()
    assert (
        "settings/speech.yml: key 'recogniser.model': the file models/speech/gone.nemo is missing" in message
    )


@pytest.mark.requirement(203)
@pytest.mark.requirement(206)
@pytest.mark.requirement(207)
def test_one_command_starts_everything_and_the_demo_call_is_understood() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=environment(CALL="once"), timeout=1200
    )
    assert done.returncode == 0
    assert nothing_listens()


def test_a_stop_in_the_middle_of_a_start_leaves_nothing_behind() -> None:
    command = [sys.executable, "-m", "scripts.run"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(CALL="none"), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "starting the processes" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert nothing_listens()


def nothing_listens() -> bool:
    """Whether the embedded stores of that start are gone, which go last."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if stores.redis_problem(f"redis://127.0.0.1:{6479 + OFFSET}/0"):
            return stores.mongo_problem(f"mongodb://127.0.0.1:{27117 + OFFSET}") is not None
        time.sleep(0.1)
    return False
