"""Counters, gauges and histograms in Prometheus' text format. Thread-safe."""

from __future__ import annotations

import threading
from bisect import bisect_left

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)

HELP = {
    "speech_streams": ("gauge", "streams that hold a slot of the recogniser"),
    "speech_step_seconds": ("histogram", "wall time of a recogniser step"),
    "speech_step_streams": ("histogram", "streams in a recogniser step"),
    "speech_step_wait_seconds": ("histogram", "how long the oldest chunk of a step waited for it"),
    "speech_first_partial_seconds": ("histogram", "audio of a stream before its first partial transcript"),
    "speech_final_seconds": ("histogram", "from the end of a stream's audio to its final transcript"),
    "speech_step_failures_total": ("counter", "recogniser steps that failed"),
    "speech_recognised_total": ("counter", "final transcripts sent"),
    "speech_clause_seconds": ("histogram", "wall time to synthesise a clause"),
    "speech_spoken_seconds_total": ("counter", "audio synthesised, in seconds"),
    "speech_clause_cache_hits_total": ("counter", "clauses found in memory"),
    "speech_clause_cache_misses_total": ("counter", "clauses that had to be synthesised"),
    "speech_prompt_clauses": ("gauge", "clauses of fixed prompts that are held"),
    "speech_riva_asr_total": ("counter", "recognition requests over gRPC"),
    "speech_riva_tts_total": ("counter", "synthesis requests over gRPC"),
    "speech_websocket_asr_total": ("counter", "streams over WebSocket, /v1/asr"),
    "speech_rest_tts_total": ("counter", "requests over HTTP, /v1/tts"),
    "speech_denied_total": ("counter", "HTTP requests without a right token, or from elsewhere without one"),
    "speech_refused_total": ("counter", "requests refused or failed"),
}


class Metrics:
    """All metrics of the process; names and kinds are those in HELP."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, float] = {}
        self._buckets: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def count(self, name: str, by: float = 1.0) -> None:
        """Add to a counter."""
        with self._lock:
            self._values[name] = self._values.get(name, 0.0) + by

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[name] = value

    def observe(self, name: str, value: float) -> None:
        """Add to a histogram; seconds or a number of streams, as its name says."""
        edges = _edges(name)
        with self._lock:
            self._buckets.setdefault(name, [0] * (len(edges) + 1))[bisect_left(edges, value)] += 1
            self._sums[name] = self._sums.get(name, 0.0) + value

    def value(self, name: str) -> float:
        """A counter's or gauge's value; a histogram's sum."""
        with self._lock:
            return self._sums.get(name, 0.0) if HELP[name][0] == "histogram" else self._values.get(name, 0.0)

    def observations(self, name: str) -> int:
        """How often a histogram was added to."""
        with self._lock:
            return sum(self._buckets.get(name, ()))

    def render(self) -> str:
        """The text of GET /metrics (Prometheus exposition format 0.0.4)."""
        lines = []
        with self._lock:
            for name, (kind, text) in HELP.items():
                lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
                if kind != "histogram":
                    lines.append(f"{name} {self._values.get(name, 0.0):g}")
                    continue
                total = 0
                for edge, n in zip(
                    (*_edges(name), "+Inf"), self._buckets.get(name) or [0] * 99, strict=False
                ):
                    total += n
                    lines.append(f'{name}_bucket{{le="{edge}"}} {total}')
                lines += [f"{name}_sum {self._sums.get(name, 0.0):g}", f"{name}_count {total}"]
        return "\n".join(lines) + "\n"


def _edges(name: str) -> tuple[float, ...]:
    return _SECONDS if name.endswith("_seconds") else _COUNTS
