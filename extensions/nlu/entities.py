"""Words as entities, by Rasa's CRFEntityExtractor; what it learned is kept, and only loaded at a start.

Rasa 3.6.21 keeps the training data in the archive instead of the trained field, and trains anew each time it
loads the model: that was most of a worker's start, and all the time that a call waits for another worker.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.crf_entity_extractor import CRFEntityExtractor
from sklearn_crfsuite import CRF

ORDER = "order.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class LearnedEntities(CRFEntityExtractor):
    """Same features, training, predictions and settings as CRFEntityExtractor."""

    def persist(self, dataset: Any) -> None:
        """Keep the trained fields, in CRFsuite's own format. `dataset` is what Rasa would keep."""
        with self._model_storage.write_to(self._resource) as folder:
            for kind, field in (self.entity_taggers or {}).items():
                (folder / f"{kind}.crfsuite").write_bytes(Path(field.modelfile.name).read_bytes())
            (folder / ORDER).write_text(json.dumps(self.crf_order), encoding="utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LearnedEntities:
        """What was learned, or a component that finds nothing when there was nothing to learn from."""
        try:
            with model_storage.read_from(resource) as folder:
                order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
                fields = OrderedDict(
                    (kind, _field((folder / f"{kind}.crfsuite").read_bytes())) for kind in order
                )
        except ValueError:  # how the storage says that training left nothing
            return cls(config, model_storage, resource)
        found = cls(config, model_storage, resource, fields)
        found.crf_order = order
        return found


def _field(trained: bytes) -> CRF:
    """A field with a file of its own: the archive's folder is gone after loading."""
    field = CRF()
    field.modelfile.refresh()
    Path(field.modelfile.name).write_bytes(trained)
    return field
