"""The version of Rasa that the patches were written for; with any other they are left out."""

from __future__ import annotations

import logging

import rasa

logger = logging.getLogger(__name__)

WRITTEN_FOR = "3.6.21"


def fits(patch: str) -> bool:
    """Whether `patch` may be applied to the Rasa that is here; says so in the log when not."""
    if rasa.__version__ == WRITTEN_FOR:
        return True
    logger.warning("patch %s is for Rasa %s, this is %s: not applied", patch, WRITTEN_FOR, rasa.__version__)
    return False
