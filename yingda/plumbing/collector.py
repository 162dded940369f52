"""Short pauses of Python's garbage collector in a process that holds a lot and serves calls.

A full collection walks every object: a Rasa worker with its model holds a million, and then answers nobody
for half a second. What has survived one full collection will survive the next, so it is set aside, and each
collection walks only what is new since the one before. Counted references still free what was set aside;
only rings of objects that fall out of use afterwards are kept.
"""

from __future__ import annotations

import gc

OLDEST = 2


def walk_only_what_is_new() -> None:
    """From now on in this process. Again is the same as once."""
    if _set_aside not in gc.callbacks:
        gc.callbacks.append(_set_aside)


def _set_aside(phase: str, about: dict[str, int]) -> None:
    if phase == "stop" and about["generation"] == OLDEST:
        gc.freeze()
