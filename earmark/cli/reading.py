"""Answers as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def status_lines(seen: Mapping[str, Any]) -> Iterator[str]:
    """The status, one line a subject."""
    yield "clips     " + ", ".join(f"{count:,} {state}" for state, count in seen["states"].items())
    yield "queues    " + ", ".join(f"{count} in {queue}" for queue, count in seen["queues"].items())
    yield "services  " + ", ".join(_service(*item) for item in seen["services"].items())
    yield f"speed     {seen['clips_per_second']} clips/s over the last minute"
    yield "model     " + _model(seen["model"])
    heard = seen["live_accuracy"]
    yield f"heard     {percent(heard['accuracy'])} right of {heard['clips']:,} clips with a truth"
    yield from _training(seen["training"], seen["last_training"])


def _service(name: str, count: int) -> str:
    return f"{name} MISSING" if count == 0 else f"{count} {name}"


def _model(model: Mapping[str, Any] | None) -> str:
    if model is None:
        return "none is announced yet"
    known, new = percent(model["known_voices"]), percent(model["new_voices"])
    return f"{model['version']}: {known} on known voices, {new} on new voices"


def _training(running: Mapping[str, Any] | None, last: Mapping[str, Any] | None) -> Iterator[str]:
    if running:
        yield f"training  epoch {running.get('epoch', 0)} of {running.get('epochs', '?')}"
    if last:
        yield f"trained   {last['reason']}"
