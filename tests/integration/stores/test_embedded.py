"""The embedded servers: they keep data over a restart and a kill, and never outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yingda.plumbing import stores
from yingda.plumbing.processes import free_port

pytestmark = pytest.mark.integration


def test_mongo_keeps_what_it_acknowledged_over_a_kill(tmp_path: Path) -> None:
    server = stores.EmbeddedMongo(tmp_path / "data", free_port(), tmp_path / "mongo.log")
    server.start()
    try:
        with stores.mongo(server.url) as client:
            client["yingda"]["calls"].insert_many([{"_id": n} for n in range(50)])
        assert server.child.pid
        os.killpg(server.child.pid, signal.SIGKILL)
        server.child.stop()
        server.start()
        with stores.mongo(server.url) as client:
            assert client["yingda"]["calls"].count_documents({}) == 50
    finally:
        server.stop()


def test_redis_keeps_its_keys_over_a_restart(tmp_path: Path) -> None:
    server = stores.EmbeddedRedis(tmp_path / "data", free_port(), tmp_path / "redis.log")
    server.start()
    try:
        stores.redis(server.url).hset("call:1", mapping={"status": "up"})
        server.stop()
        server.start()
        assert stores.redis(server.url).hgetall("call:1") == {"status": "up"}
    finally:
        server.stop()


CHILD = """
import sys, time
from pathlib import Path
from yingda.plumbing.stores import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]) / "data", int(sys.argv[2]), Path(sys.argv[1]) / "log")
server.start()
print("up", flush=True)
time.sleep(60)
"""


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", CHILD, str(tmp_path), str(port)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert parent.stdout is not None and parent.stdout.readline() == b"up\n"
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while stores.redis_problem(f"redis://127.0.0.1:{port}/0") is None and time.monotonic() < end:
        time.sleep(0.05)
    assert stores.redis_problem(f"redis://127.0.0.1:{port}/0") is not None
