"""Learn understanding from what callers say only, so that a new rule, action or response leaves it as it is.

Rasa 3.6.21 mixes the names of all actions and intents of the stories into the examples for understanding, for
end-to-end stories that have none. Our components pass them over, but Rasa's cache sees other data and learns
everything anew: a minute and a half instead of half a minute from an edited rule to a trained assistant.
"""

from __future__ import annotations

from typing import Any

from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import E2EImporter
from rasa.shared.nlu.training_data.training_data import TrainingData

from extensions.patches import guard


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("training_data"):
        return False
    mixed = E2EImporter.get_nlu_data

    def get_nlu_data(self: E2EImporter, language: str | None = "en") -> Any:
        if is_end_to_end(self.get_stories()):
            return mixed(self, language)
        return TrainingData().merge(self.importer.get_nlu_data(language))

    E2EImporter.get_nlu_data = get_nlu_data
    return True


def is_end_to_end(stories: StoryGraph) -> bool:
    """Whether a story holds words of a caller or of the bot instead of an intent or an action's name."""
    events = (event for step in stories.story_steps for event in step.events)
    return any(
        (isinstance(event, ActionExecuted) and bool(event.action_text))
        or (isinstance(event, UserUttered) and bool(event.text) and not event.intent_name)
        for event in events
    )
