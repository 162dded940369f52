"""`make run`: bring the whole system up, place the demo call, and stay up until Ctrl-C.

    python -m scripts.run             CALL=once: end after the call with its exit status; CALL=none: no call

Exit status: that of the demo call with CALL=once (0 every turn as the scene expects, 1 not), 0 when stopped
by hand, 2 when the start failed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from scripts import assistant, preflight
from scripts.layout import (
    ACTIONS_PORT,
    MONGO_PORT,
    RASA_PYTHON,
    REDIS_PORT,
    ROOT,
    VOICE_PYTHON,
    Layout,
)
from scripts.rasa_workers import RasaWorkers
from scripts.recordings import Recordings
from scripts.supervisor import Service, StartFailed, Supervisor, http_probe
from yingda.plumbing import stores
from yingda.plumbing.health import NotReady
from yingda.plumbing.processes import Child, port_problem

SCENE = Path("tests/scenes/demo.yml")
CALL_DEADLINE_S = 300.0
SEED_DEADLINE_S = 120.0
OUTBOX = "YINGDA_CRM__OUTBOX__FOLDER"
# long enough for a laptop that is busy with something else
SPEECH_DEADLINE_S, ACTIONS_DEADLINE_S, GATEWAY_DEADLINE_S = 600.0, 180.0, 120.0
CALLS = ("demo", "once", "none")


class Stopped(Exception):
    """Someone asked us to end."""


def say(text: str) -> None:
    print(text, flush=True)


def on_signal(number: int, frame: FrameType | None) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # the way down is short, and must not be cut shorter
    raise Stopped(signal.Signals(number).name)


class Reload:
    """Whether somebody asked for a new model; set by a signal."""

    wanted = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """SIGUSR1."""
        self.wanted = True


RELOAD = Reload()


class System:
    """The running system: stores, processes, and where they are."""

    def __init__(self, plan: Layout) -> None:
        self.plan = plan
        self.supervisor = Supervisor(say, plan.folder / "run.json")
        self.env: dict[str, str] = {}
        self.workers = RasaWorkers(plan, self._child)
        plan.logs.mkdir(parents=True, exist_ok=True)

    def start(self, calls: bool = True) -> None:
        """Everything up and healthy; without `calls` only what a conversation in text needs.

        Raises StartFailed, NotReady, TrainingFailed, CannotStart.
        """
        begun = time.monotonic()
        self._start_stores()
        model = assistant.ensure(self.plan.logs / "train.log", say)
        say("starting the processes (logs: " + str(self.plan.logs.relative_to(ROOT)) + "/)")
        behind = [self._actions(), *self.workers.make(model)]
        if calls and self.plan.local_speech:
            behind.insert(0, self._speech())
        seed = self._child("seed", [RASA_PYTHON, "-m", "actions.clients.demo_data"])
        seed.start()
        self.supervisor.start(behind)
        self._finish(seed)
        if calls:
            self._make_recording_keys()
            self.supervisor.start([self._gateway()])
        say(f"up after {time.monotonic() - begun:.0f} s")

    def _start_stores(self) -> None:
        say("stores")
        folder, logs, plan = self.plan.folder, self.plan.logs, self.plan
        mongo_url, redis_url = os.environ.get("MONGO_URL"), os.environ.get("REDIS_URL")
        services = []
        if not mongo_url:
            need_port("mongo", plan.port(MONGO_PORT), "MONGO_URL")
            mongo = stores.EmbeddedMongo(folder / "mongo", plan.port(MONGO_PORT), logs / "mongo.log")
            mongo.data.mkdir(parents=True, exist_ok=True)
            mongo_url = mongo.url
            services.append(Service(mongo.child, lambda: stores.mongo_problem(mongo.url), 60.0))
        if not redis_url:
            need_port("redis", plan.port(REDIS_PORT), "REDIS_URL")
            redis = stores.EmbeddedRedis(folder / "redis", plan.port(REDIS_PORT), logs / "redis.log")
            redis.data.mkdir(parents=True, exist_ok=True)
            redis_url = redis.url
            services.append(Service(redis.child, lambda: stores.redis_problem(redis.url), 30.0))
        self.supervisor.start(services)
        self.env = plan.environment(mongo_url, redis_url)

    def _make_recording_keys(self) -> None:
        tool = Recordings(self.plan.gateway)
        if self.plan.gateway.media.record and tool.make_keys():
            say(f"made the keys that recordings are encrypted with: {tool.keys_file}. Keep a copy elsewhere:")
            say("without them nobody can listen to a recording (docs/recording.md)")

    def _finish(self, seed: Child) -> None:
        deadline = time.monotonic() + SEED_DEADLINE_S
        while seed.running() and time.monotonic() < deadline:
            time.sleep(0.05)
        seed.stop()
        if seed.exit_status() != 0:
            raise StartFailed(f"the demo customers could not be written to MongoDB\n{seed.log_tail()}")

    def _child(self, name: str, command: list[str], **extra: str) -> Child:
        return Child(name, command, self.plan.logs / f"{name}.log", {**self.env, **extra}, ROOT)

    def _speech(self) -> Service:
        command = [VOICE_PYTHON, "-m", "yingda.speech", "--settings", "settings/speech.yml"]
        probe = http_probe(self.plan.speech_url("/health"))
        return Service(self._child("speech", command), probe, SPEECH_DEADLINE_S)

    def _actions(self) -> Service:
        port = self.plan.port(ACTIONS_PORT)
        command = [RASA_PYTHON, "scripts/quiet_rasa.py", "run", "actions", "--port", str(port)]
        told = {"SANIC_HOST": "127.0.0.1", "SANIC_WORKERS": "1"}
        if self.plan.offset:  # what another system could not write is not for our CRM
            told[OUTBOX] = os.environ.get(OUTBOX) or str(self.plan.folder / "outbox")
        child = self._child("actions", command, **told)
        return Service(child, http_probe(self.plan.actions_url("/health")), ACTIONS_DEADLINE_S)

    def _gateway(self) -> Service:
        command = [VOICE_PYTHON, "-m", "yingda.gateway", "--settings", "settings/gateway.yml"]
        probe = http_probe(self.plan.gateway_url("/health"))
        return Service(self._child("gateway", command), probe, GATEWAY_DEADLINE_S)

    def demo_call(self) -> int:
        """Place the demo call and return its exit status; what dies meanwhile is restarted."""
        out = self.plan.folder / "demo"
        command = [VOICE_PYTHON, "-m", "yingda.caller", "--scene", str(SCENE), "--out", str(out)]
        command += ["--sip", f"127.0.0.1:{self.plan.sip_port}"]
        say("")
        caller = subprocess.Popen(command, cwd=ROOT, env=self.env)
        deadline = time.monotonic() + CALL_DEADLINE_S
        try:
            while caller.poll() is None:
                if time.monotonic() > deadline:
                    say(f"the demo call did not end within {CALL_DEADLINE_S:.0f} s")
                    return 1
                self.watch()
                time.sleep(0.1)
            return caller.returncode
        finally:
            if caller.poll() is None:
                caller.kill()
                caller.wait()

    def recording(self) -> str | None:
        """The newest call's recording, as its record names it."""
        database = stores.database(self.env["MONGO_URL"])
        for call in database["calls"].find({}).sort("started_at", -1).limit(1):
            path = call.get("recording") or call.get("recording_path")
            return str(path) if path else None
        return None

    def stay(self) -> None:
        """Until someone stops us."""
        plan = self.plan
        say("")
        say(f"call it with a softphone:  sip:{plan.gateway.sip.user}@{plan.reachable_host}:{plan.sip_port}")
        say("stop it with Ctrl-C")
        while True:
            self.watch()
            time.sleep(0.2)

    def watch(self) -> None:
        """Look after everything once, and take up a new model when `make reload` asked for it."""
        self.supervisor.watch()
        if RELOAD.wanted:
            RELOAD.wanted = False
            model = assistant.archive()
            if model.exists():
                self.workers.roll(self.supervisor, model, say)
            else:
                say(f"  no new model: {model.relative_to(ROOT)} is not there; `make reload` trains it")


def need_port(who: str, port: int, variable: str) -> None:
    problem = port_problem("127.0.0.1", port)
    if problem:
        hint = f"stop what uses it, set YINGDA_PORT_OFFSET=100, or set {variable} to a server of yours"
        raise preflight.CannotStart(f"port {port}/tcp, needed by the embedded {who}: {problem}; {hint}")


def run(call: str) -> int:
    """The whole of `make run`."""
    plan = preflight.check()
    system = System(plan)
    try:
        system.start()
        if call != "none":
            status = system.demo_call()
            recording = system.recording()
            if recording:
                say(f"recording: {recording} (encrypted; docs/recording.md says how to listen)")
            if call == "once":
                return status
        system.stay()
    finally:
        say("stopping")
        system.supervisor.stop()
    return 0


def main() -> int:
    """Returns the exit status."""
    call = os.environ.get("CALL") or "demo"
    if call not in CALLS:
        print(f"CALL: got {call!r}, expected one of {', '.join(CALLS)}", file=sys.stderr)
        return 2
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, on_signal)
    signal.signal(signal.SIGUSR1, RELOAD.on_signal)
    try:
        return run(call)
    except Stopped:
        return 0 if call != "once" else 130
    except (preflight.CannotStart, StartFailed, NotReady, assistant.TrainingFailed, OSError) as error:
        print(f"\ncannot start: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
