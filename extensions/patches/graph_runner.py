"""Run the graph of pipeline and policies by plain calls instead of through Dask.

Rasa 3.6.21 hands each run, several in every turn, to Dask's scheduler, which orders a dozen nodes anew,
keeps books and queues for threads that there are none of: about a tenth of the CPU of a turn. Nodes and
their inputs are the same, but for policies whose word would not count (certain.py).
"""

from __future__ import annotations

from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner

from extensions.patches import certain, guard


def apply() -> bool:
    """Patch Rasa and return True; on any other version leave it alone and return False."""
    if not guard.fits("graph_runner"):
        return False
    DaskGraphRunner.run = run
    return True


def run(
    self: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """What the target nodes give, by name; `inputs` stand for nodes. Raises GraphRunError."""
    nodes, schema = self._instantiated_nodes, self._graph_schema
    done: dict[str, Any] = dict.fromkeys(nodes)
    self._add_inputs_to_graph(inputs, done)  # as (name, value), which is what a node gives too

    def given(name: str) -> Any:
        if done.get(name) is None:
            if name not in nodes:
                return name  # the node that wants it says what is missing
            done[name] = nodes[name](*certain.inputs(schema, name, nodes, given))
        return done[name]

    try:
        return dict(map(given, targets or schema.target_names))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
