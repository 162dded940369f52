"""Log lines on standard error, one event per line. The launcher puts each process's lines in var/log/.

No customer's words, numbers or names belong in a log line: log the call id, and what happened.
"""

from __future__ import annotations

import logging
import os
import sys
import time

NOISY = ("urllib3", "asyncio", "matplotlib", "numba", "nemo_logger", "pymongo", "aiohttp.access")


class _LineFormatter(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {process} %(name)s: %(message)s")
        self.converter = time.gmtime
        self.default_time_format = "%Y-%m-%dT%H:%M:%S"
        self.default_msec_format = "%s.%03dZ"


def setup(process: str, level: str | None = None) -> None:
    """Send this process's log lines to standard error, with UTC times and the process's name.

    `level` is a logging level name; by default that of YINGDA_LOG_LEVEL, else INFO. Call it once, in main().
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel((level or os.environ.get("YINGDA_LOG_LEVEL") or "INFO").upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
