"""Do not copy what would be written to a debug log that nobody reads.

Rasa 3.6.21 makes deep copies of events and states for its debug messages before it looks whether they are
wanted.
"""

from __future__ import annotations

import copy
import logging
from typing import Any

from rasa.core import processor
from rasa.core.policies import memoization, rule_policy

from extensions.patches import guard

MODULES = (processor, memoization, rule_policy)  # they use `copy` for nothing else


class CopiesForDebug:
    """Stands for the module `copy` there."""

    @staticmethod
    def deepcopy(what: Any) -> Any:
        """A copy if debug messages are written, else the thing itself."""
        return copy.deepcopy(what) if logging.getLogger("rasa").isEnabledFor(logging.DEBUG) else what


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("debug_copies"):
        return False
    for module in MODULES:
        module.copy = CopiesForDebug
    return True
