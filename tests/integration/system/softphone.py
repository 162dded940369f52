"""baresip without a screen: calls, answers, keys digits, and keeps what it heard."""

from __future__ import annotations

import asyncio
import json
import socket
import wave
from pathlib import Path

import numpy as np

HOST = "127.0.0.1"
MODULES = ("stdio.so", "g711.so", "aufile.so", "aubridge.so", "sndfile.so")
CONFIG = """
sip_listen {host}:{port}
net_interface {host}
module_path /usr/lib/baresip/modules
{modules}
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
audio_source aufile,{folder}/silence.wav
audio_player aubridge,sink
snd_path {folder}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports 31000-31999
"""


class Softphone:
    """Use as an async context; ``heard`` after it."""

    def __init__(self, folder: Path, number: str) -> None:
        self._folder = folder
        self.port, self._control = _free_port(), _free_port()
        lines = "\n".join(f"module {name}" for name in MODULES)
        config = CONFIG.format(host=HOST, port=self.port, control=self._control, folder=folder, modules=lines)
        (folder / "config").write_text(config)
        account = f"<sip:{number}@{HOST};transport=udp>;regint=0;audio_codecs=pcma;answermode=auto"
        (folder / "accounts").write_text(account + ";dtmfmode=rtpevent\n")
        (folder / "contacts").write_text("")
        with wave.open(str(folder / "silence.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(16000 * 60))

    async def __aenter__(self) -> Softphone:
        self._process = await asyncio.create_subprocess_exec(
            "baresip",
            "-f",
            str(self._folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self._folder,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            while b"baresip is ready" not in await self._process.stdout.readline():
                pass
        self._drain = asyncio.create_task(self._process.stdout.read())
        _, self._writer = await asyncio.open_connection(HOST, self._control)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.do("quit")
        self._writer.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except asyncio.TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._drain

    async def do(self, command: str, params: str = "") -> None:
        """One command of baresip's menu, as a netstring."""
        text = json.dumps({"command": command, "params": params})
        self._writer.write(f"{len(text)}:{text},".encode())
        await self._writer.drain()

    async def press(self, digits: str) -> None:
        """Key digits (RFC 4733)."""
        for digit in digits:
            await self.do("sndcode", digit)
            await asyncio.sleep(0.15)
            await self.do("sndcode", "")
            await asyncio.sleep(0.15)

    def heard(self) -> np.ndarray:
        """What came out of the loudspeaker, 8 kHz int16."""
        (path,) = sorted(self._folder.glob("dump-*-dec.wav"))[-1:]
        with wave.open(str(path)) as file:
            assert file.getframerate() == 8000
            return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
