"""One MongoDB, one model and one pair of servers for all tests of this folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import servers

from actions.clients import demo_data


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return servers.train(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    with servers.mongo(tmp_path_factory.mktemp("mongo")) as url:
        client: pymongo.MongoClient = pymongo.MongoClient(url, serverSelectionTimeoutMS=5000)
        demo_data.seed(client["yingda"])
        yield url, client["yingda"]
        client.close()


@pytest.fixture(scope="session")
def rasa(
    tmp_path_factory: pytest.TempPathFactory, database: tuple[str, Any], model: Path
) -> Iterator[servers.RasaServers]:
    running = servers.RasaServers(tmp_path_factory.mktemp("rasa"), database[0], model)
    try:
        running.start()
        yield running
    finally:
        running.stop()
