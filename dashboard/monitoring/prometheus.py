"""What Prometheus scrapes: read from the store when it asks, and counted from the events."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dashboard.context import House
from dashboard.monitoring.drift import newest
from earmark.analysis.live_accuracy import live_accuracy
from earmark.clips import Record, State
from earmark.errors import EarmarkError
from earmark.services.heartbeat import service_counts
from earmark.store.events import Event

_LATENCIES = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
_CONFIDENCES = tuple(share / 20 for share in range(1, 21))
_MOST_UNFINISHED = 4_096


class Metrics:
    """A registry of its own: nothing about the Python process, all about Earmark."""

    def __init__(self, house: House) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Gauges(house))
        self._labels = Counter(
            "earmark_labels", "Labels given since the dashboard started.", ["label", "model"],
            registry=self._registry,
        )  # fmt: skip
        self._ended = Counter(
            "earmark_clips_done", "Clips done since the dashboard started.", ["state"],
            registry=self._registry,
        )  # fmt: skip
        self._latency = Histogram(
            "earmark_latency_seconds", "From the first sight of a clip to its label.",
            buckets=_LATENCIES, registry=self._registry,
        )  # fmt: skip
        self._confidence = Histogram(
            "earmark_confidence", "Confidence of the labels.", buckets=_CONFIDENCES,
            registry=self._registry,
        )  # fmt: skip

    def count(self, event: Event, records: list[Record]) -> None:
        """Called by the follower."""
        if event.kind != "clips":
            return
        for record in records:
            self._ended.labels(record.state.value).inc()
            if record.done_at and record.noted_at:
                self._latency.observe(max(0.0, record.done_at - record.noted_at))
            if record.label is not None:
                self._labels.labels(record.label, record.model or "").inc()
                self._confidence.observe(record.confidence or 0.0)

    def render(self) -> bytes:
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        try:
            yield from self._collected()
            yield GaugeMetricFamily("earmark_store_up", "Whether the store answers.", 1)
        except EarmarkError:
            yield GaugeMetricFamily("earmark_store_up", "Whether the store answers.", 0)

    def _collected(self) -> Iterable[Metric]:
        house, now = self._house, self._house.clock()
        clips = house.store.clips
        counts = {state.value: count for state, count in clips.counts().items()}
        yield _by("earmark_clips", "Clips by state.", "state", counts)
        depths = house.sender.depths()
        yield _by("earmark_queue_depth", "Messages that wait in a queue.", "queue", depths)
        yield _one(
            "earmark_queue_age_seconds", "Age of the oldest unfinished clip.", self._age(now)
        )
        scores = {score.value: count for score, count in clips.scores().items()}
        yield _by("earmark_truths", "Clips with a truth, by how they were heard.", "score", scores)
        accuracy = live_accuracy(clips.scores())["accuracy"]
        yield _one("earmark_live_accuracy", "Share heard right, blindly.", accuracy)
        alive = house.store.heartbeats.alive(now)
        yield _by("earmark_services", "Processes alive.", "service", service_counts(alive))
        yield _by("earmark_heartbeat_age_seconds", "Since the last sign of life.", "process", alive)
        yield from self._model(now)
        yield from self._drift()

    def _age(self, now: float) -> float:
        clips = self._house.store.clips
        paths = [
            path
            for state in (State.QUEUED, State.PENDING)
            for path in islice(clips.in_state(state), _MOST_UNFINISHED)
        ]
        noted = [each.noted_at for each in clips.records(paths) if each and each.noted_at]
        return now - min(noted) if noted else 0.0

    def _model(self, now: float) -> Iterable[Metric]:
        live = self._house.store.board.live()
        if live is None:
            return
        told = {"known": live.known_voices, "new": live.new_voices}
        yield _by("earmark_model_accuracy", "The live model's test accuracy.", "voices", told)
        created = self._house.registry.card(live.version).get("created_at")
        if created:
            age = now - datetime.fromisoformat(created).timestamp()
            yield _one("earmark_model_age_seconds", "Since the live model was trained.", age)

    def _drift(self) -> Iterable[Metric]:
        drift = newest(self._house).as_json()
        help_text = "Population stability index of the last clips against the training data."
        told = {"median": drift["median"], "most": drift["most"], "confidence": drift["confidence"]}
        yield _by("earmark_drift", help_text, "of", told)
        features = {str(at): value for at, value in enumerate(drift["features"])}
        yield _by("earmark_feature_drift", help_text, "feature", features)
        yield _one(
            "earmark_unsure_share", "Share of the last clips that are unsure.", drift["unsure"]
        )


def _one(name: str, words: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, words, math.nan if value is None else value)


def _by(name: str, words: str, label: str, values: dict[str, Any]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], math.nan if value is None else value)
    return family
