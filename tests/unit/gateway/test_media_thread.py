"""The lateness histogram."""

import pytest

from yingda.gateway.media_thread import LatenessHistogram


def test_percentiles_are_upper_edges_of_their_bins() -> None:
    histogram = LatenessHistogram()
    for _ in range(98):
        histogram.add(0.03)
    histogram.add(2.34)
    histogram.add(77.0)
    assert histogram.summary() == {"p50": 0.1, "p99": pytest.approx(2.4), "max": 77.0}
    assert sum(histogram.bins) == 100 and histogram.bins[-1] == 1


def test_an_empty_histogram_is_zero() -> None:
    assert LatenessHistogram().summary() == {"p50": 0.0, "p99": 0.0, "max": 0.0}
