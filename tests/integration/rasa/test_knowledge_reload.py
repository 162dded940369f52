"""Articles added, changed and deleted while the real action server runs: heard in the next turn."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import servers

pytestmark = [pytest.mark.integration]

LEARNING_SECONDS = 60
ESIM = """---
title: 电子卡
questions: [电子卡怎么开通, 你们支持电子卡吗, 虚拟手机卡怎么办, 不插卡能用手机吗]
source: 业务手册 12.1
valid_from: 2026-01-01
valid_until: 2099-12-31
owner: 客服运营
tags: [电子卡]
state: {state}
---
{answer}
"""


class ActionServer:
    """The action server over a folder of articles, asked as Rasa asks it."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder

    def hears(self, text: str) -> dict[str, Any]:
        """The first thing that the bot says to a text that Rasa did not understand."""
        message = {"text": text, "intent": {"name": "nlu_fallback"}, "entities": [], "metadata": {}}
        tracker = {
            "sender_id": "call-1",
            "slots": {"awaiting": "nothing"},
            "latest_message": message,
            "events": [],
            "paused": False,
            "active_loop": {},
            "latest_action_name": "action_listen",
        }
        body = {"next_action": "action_not_understood", "sender_id": "call-1", "tracker": tracker}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/webhook",
            json.dumps({**body, "domain": {}}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            said: dict[str, Any] = json.load(answer)["responses"][0]
        return said

    def write(self, state: str, answer: str) -> None:
        (self.folder / "esim.md").write_text(ESIM.format(state=state, answer=answer), encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionServer]:
    folder = tmp_path_factory.mktemp("articles")
    shutil.copytree(servers.ROOT / "knowledge", folder, dirs_exist_ok=True)
    log, port = tmp_path_factory.mktemp("log") / "actions.log", servers.free_port()
    command = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(port)]
    process: subprocess.Popen[bytes] = servers._start(
        command,
        log,
        {
            **servers.QUIET,
            **servers.outbox_in(log.parent),
            "YINGDA_KNOWLEDGE": str(folder),
            "MONGO_URL": "mongodb://127.0.0.1:1",
        },
    )
    try:
        servers.wait_for(f"http://127.0.0.1:{port}/health", process, log)
        running = ActionServer(port, folder)
        until(lambda: running.hears("我那积分能给我媳妇用不").get("response") == "utter_article")
        yield running
    finally:
        process.terminate()
        process.wait(10)


def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail after LEARNING_SECONDS."""
    deadline = time.monotonic() + LEARNING_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it was not learned in time"
        time.sleep(0.3)


@pytest.mark.requirement(41)
@pytest.mark.requirement(48)
def test_what_changes_is_heard_in_the_next_turn(server: ActionServer) -> None:
    asked = "电子卡怎么开通啊"
    assert server.hears(asked).get("source") != "业务手册 12.1"
    server.write("review", "还没批准。")
    assert server.hears(asked).get("source") != "业务手册 12.1"  # not published
    server.write("published", "电子卡在手机营业厅里开通。")
    first = server.hears(asked)
    assert first["answer"] == "电子卡在手机营业厅里开通。" and first["evidence"]["article"] == "esim"
    server.write("published", "电子卡要到营业厅开通。")
    second = server.hears(asked)
    assert second["answer"] == "电子卡要到营业厅开通。"
    assert second["evidence"]["version"] != first["evidence"]["version"]
    # other words for it are understood once it is learned, seconds later
    until(lambda: server.hears("我想问问手机里那种不插卡的虚拟卡怎么弄").get("source") == "业务手册 12.1")
    (server.folder / "esim.md").unlink()
    assert server.hears(asked).get("source") != "业务手册 12.1"


@pytest.mark.requirement(41)
def test_what_no_article_answers_is_not_answered(server: ActionServer) -> None:
    assert server.hears("你知道珠穆朗玛峰有多高吗")["response"] == "utter_rephrase"
