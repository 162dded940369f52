"""The verdict of crm_lookup: what is too slow or unknown fails, and a busy machine is no verdict."""

from __future__ import annotations

import pytest

from bench import crm_lookup
from bench.speech._core import Probe

FIT, BUSY = Probe([0.1], [0.1]), Probe([0.3], [0.1])
QUICK = {"rest": [0.26] * 20, "mongodb": [0.26] * 20}


@pytest.mark.parametrize(
    ("times", "known", "stuck", "probe", "status"),
    [
        ([0.05] * 100, 100, QUICK, FIT, 0),
        ([0.05] * 100, 100, QUICK, BUSY, 0),
        ([0.05] * 94 + [0.4] * 6, 100, QUICK, FIT, 1),
        ([0.05] * 94 + [0.4] * 6, 100, QUICK, BUSY, 2),
        ([0.05] * 100, 98, QUICK, FIT, 1),
        ([0.05] * 100, 100, {**QUICK, "rest": [0.4] * 20}, FIT, 1),
    ],
)
def test_verdicts(
    times: list[float], known: int, stuck: dict[str, list[float]], probe: Probe, status: int
) -> None:
    assert crm_lookup.verdict(times, known, stuck, probe) == status


def test_percentiles() -> None:
    times = [n / 100 for n in range(1, 101)]
    assert [crm_lookup.percentile(times, percent) for percent in (50, 95, 100)] == [0.5, 0.95, 1.0]
