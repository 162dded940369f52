"""Copy a conversation's state instead of replaying all its events.

Rasa 3.6.21 makes a copy of the tracker before each action by replaying the conversation from its beginning.
"""

from __future__ import annotations

from rasa.shared.core.trackers import DialogueStateTracker

from extensions.patches import guard
from extensions.stores.tracker import duplicate


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("tracker_copy"):
        return False

    def copy(self: DialogueStateTracker) -> DialogueStateTracker:
        twin = duplicate(self)
        twin.model_id = twin.assistant_id = None  # a replayed copy does not know them
        return twin

    DialogueStateTracker.copy = copy
    return True
