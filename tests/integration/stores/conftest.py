"""The stores of MONGO_URL and REDIS_URL if given, else embedded ones of this test run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from yingda.plumbing import stores
from yingda.plumbing.processes import free_port


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if os.environ.get("MONGO_URL"):
        yield os.environ["MONGO_URL"]
        return
    folder = tmp_path_factory.mktemp("mongo")
    server = stores.EmbeddedMongo(folder / "data", free_port(), folder / "mongo.log")
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if os.environ.get("REDIS_URL"):
        yield os.environ["REDIS_URL"]
        return
    folder = tmp_path_factory.mktemp("redis")
    server = stores.EmbeddedRedis(folder / "data", free_port(), folder / "redis.log")
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def collection(mongo_url: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty collection in a database that only these tests use."""
    client = stores.mongo(mongo_url)
    found = client["yingda_contract"][request.node.originalname]
    found.drop()
    yield found
    found.drop()
    client.close()


@pytest.fixture
def live(redis_url: str) -> Iterator[Any]:
    """Redis, and nothing of ours left in it afterwards."""
    client = stores.redis(redis_url)
    yield client
    for key in client.scan_iter("contract:*"):
        client.delete(key)
    client.close()
