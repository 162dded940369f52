"""What the speech server counts, on prometheus_client. Thread-safe.

What a model did carries the label `model`, its name and version, so that two versions can be compared while
one replaces the other.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_FACTORS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
ASR, TTS = "asr", "tts"  # which model a metric is about
_KINDS = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}


@dataclass(frozen=True)
class About:
    """One metric. `model` is ASR, TTS, or "" for what is about the process; `label` names one more label."""

    kind: str
    text: str
    model: str = ""
    buckets: tuple[float, ...] = ()
    label: str = ""


METRICS = {
    "speech_streams": About("gauge", "streams that hold a slot of the recogniser", ASR),
    "speech_load": About("gauge", "share of a chunk's length that a step with all streams takes", ASR),
    "speech_busy": About("gauge", "share of the last 2 s in which a recogniser step ran", ASR),
    "speech_step_seconds": About("histogram", "wall time of a recogniser step", ASR, _SECONDS),
    "speech_step_streams": About("histogram", "streams in a recogniser step", ASR, _COUNTS),
    "speech_step_wait_seconds": About(
        "histogram", "how long the oldest chunk of a step waited for it", ASR, _SECONDS
    ),
    "speech_real_time_factor": About(
        "histogram", "wall time of a recogniser step over the audio in it", ASR, _FACTORS
    ),
    "speech_step_cpu_seconds_total": About("counter", "CPU time of recogniser steps", ASR),
    "speech_words_cpu_seconds_total": About("counter", "CPU time of making words of their results", ASR),
    "speech_heard_seconds_total": About("counter", "audio recognised, in seconds", ASR),
    "speech_first_partial_seconds": About(
        "histogram", "audio of a stream before its first partial transcript", ASR, _SECONDS
    ),
    "speech_final_seconds": About(
        "histogram", "from the end of a stream's audio to its final transcript", ASR, _SECONDS
    ),
    "speech_step_failures_total": About("counter", "recogniser steps that failed", ASR),
    "speech_recognised_total": About("counter", "final transcripts sent", ASR),
    "speech_empty_finals_total": About("counter", "final transcripts without a word", ASR),
    "speech_final_confidence": About(
        "histogram", "confidence of final transcripts that have words", ASR, _SHARES
    ),
    "speech_partials_left_out_total": About(
        "counter", "partial transcripts not made, because the thread that makes words was behind", ASR
    ),
    "speech_admission_refused_total": About("counter", "streams not let in", ASR, label="reason"),
    "speech_hotword_errors_total": About("counter", "changes of the hotword file that could not be used"),
    "speech_resumed_total": About("counter", "streams that go on after one that broke off", ASR),
    "speech_clause_seconds": About("histogram", "wall time to synthesise a clause", TTS, _SECONDS),
    "speech_voice_real_time_factor": About(
        "histogram", "wall time to synthesise a clause over its audio", TTS, _FACTORS
    ),
    "speech_first_audio_seconds": About(
        "histogram", "from a text to the audio of its first clause", TTS, _SECONDS
    ),
    "speech_spoken_seconds_total": About("counter", "audio synthesised, in seconds", TTS),
    "speech_clause_cache_hits_total": About("counter", "clauses found in memory", TTS),
    "speech_clause_cache_misses_total": About("counter", "clauses that had to be synthesised", TTS),
    "speech_unknown_tags_total": About("counter", "SSML tags unknown to the voice; their text was spoken"),
    "speech_prompt_clauses": About("gauge", "clauses of fixed prompts that are held", TTS),
    "speech_riva_asr_total": About("counter", "recognition requests over gRPC"),
    "speech_riva_tts_total": About("counter", "synthesis requests over gRPC"),
    "speech_websocket_asr_total": About("counter", "streams over WebSocket, /v1/asr"),
    "speech_rest_tts_total": About("counter", "requests over HTTP, /v1/tts"),
    "speech_denied_total": About(
        "counter", "HTTP requests without a right token, or from elsewhere without one"
    ),
    "speech_refused_total": About("counter", "requests refused or failed"),
    "speech_loop_lag_seconds": About("histogram", "how late the event loop came to a timer", "", _SECONDS),
}


@dataclass(frozen=True)
class Versions:
    """`name@hash` of the models that run (model_files.version)."""

    asr: str = "unknown"
    tts: str = "unknown"


@dataclass
class _Series:
    """A metric with its labels filled in as far as they are known at the start."""

    about: About
    name: str
    labels: dict[str, str]
    parent: Any
    children: dict[str, Any] = field(default_factory=dict)

    def child(self, value: str) -> Any:
        """prometheus_client's counter, gauge or histogram for a value of the further label."""
        found = self.children.get(value)
        if found is None:
            labels = {**self.labels, **({self.about.label: value} if self.about.label else {})}
            found = self.children[value] = self.parent.labels(**labels) if labels else self.parent
        return found


class Metrics:
    """All metrics of the process. A name that METRICS lacks is made when it is first used: a forgotten line
    there must not end a call."""

    def __init__(self, versions: Versions | None = None) -> None:
        disable_created_metrics()
        self._registry = CollectorRegistry()
        self._versions = versions or Versions()
        self._lock = threading.Lock()
        self._series = {name: self._make(name, about) for name, about in METRICS.items()}
        for series in self._series.values():
            if not series.about.label:
                series.child("")  # so that it is shown before anything has happened

    def count(self, name: str, by: float = 1.0, label: str = "") -> None:
        """Add to a counter; `label` is the value of its further label, if it has one."""
        self._find(name, "counter").child(label).inc(by)

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        self._find(name, "gauge").child("").set(value)

    def observe(self, name: str, value: float) -> None:
        """Add to a histogram."""
        self._find(name, "histogram").child("").observe(value)

    def value(self, name: str, label: str = "") -> float:
        """A counter's or gauge's value; a histogram's sum."""
        suffix = "_sum" if self._kind(name) == "histogram" else ""
        return self._sample(name, suffix, label)

    def observations(self, name: str) -> int:
        """How often a histogram was added to."""
        return int(self._sample(name, "_count", ""))

    def render(self) -> str:
        """The text of GET /metrics (Prometheus exposition format 0.0.4)."""
        return generate_latest(self._registry).decode()

    def _kind(self, name: str) -> str:
        return METRICS[name].kind if name in METRICS else "counter"

    def _sample(self, name: str, suffix: str, label: str) -> float:
        series = self._series.get(name)
        if series is None:
            return 0.0
        labels = {**series.labels, **({series.about.label: label} if series.about.label else {})}
        return self._registry.get_sample_value(name + suffix, labels) or 0.0

    def _find(self, name: str, kind: str) -> _Series:
        series = self._series.get(name)
        if series is None:
            with self._lock:
                if name not in self._series:
                    buckets = _SECONDS if name.endswith("_seconds") else _COUNTS
                    self._series[name] = self._make(name, About(kind, name.replace("_", " "), "", buckets))
                series = self._series[name]
        return series

    def _make(self, name: str, about: About) -> _Series:
        labels = {"model": getattr(self._versions, about.model)} if about.model else {}
        names = [*labels, *([about.label] if about.label else [])]
        more = {"buckets": about.buckets} if about.kind == "histogram" else {}
        parent = _KINDS[about.kind](name, about.text, names, registry=self._registry, **more)
        return _Series(about, name, labels, parent)
