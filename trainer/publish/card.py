"""The card of a model: everything that is known of it, as plain values."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from earmark.frontends import front_end
from trainer.data import fingerprint
from trainer.data.splits import Side
from trainer.evaluate.challenger import Challenger
from trainer.evaluate.gate import Verdict
from trainer.publish.write_model import summary

_LIBRARIES = ("earmark", "tensorflow", "keras", "numpy", "scikit-learn", "ai-edge-litert")


def fill(
    challenger: Challenger, verdict: Verdict, *, version: str, now: datetime, cache_bytes: int = 0
) -> dict[str, Any]:
    """Everything but the checksums, which `trainer.publish.write_model.write` adds."""
    extractor = front_end(challenger.recipe.front_end)
    return {
        "version": version,
        "created_at": iso(now),
        "front_end": {
            "name": extractor.name,
            "fingerprint": extractor.fingerprint,
            "dimensions": extractor.dimensions,
        },
        "confidence": challenger.terms.confidence,
        "precision": challenger.terms.precision,
        "thresholds": [each.as_json() for each in challenger.calibration.thresholds],
        "calibration": _calibration(challenger),
        "recipe": challenger.recipe.as_json(),
        "data": _data(challenger) | {"cache_bytes": cache_bytes},
        "splits": _splits(challenger),
        "metrics": _metrics(challenger),
        "verdict": verdict.reason,
        "net": _net(challenger.fit.model),
        "history": challenger.fit.history.as_json(),
        "seed": challenger.terms.seed,
        "seconds": round(challenger.fit.seconds, 2),
        "versions": _versions(),
    }


def iso(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _data(challenger: Challenger) -> dict[str, Any]:
    table = challenger.table
    counts = table["digit"].value_counts().sort_index()
    return {
        "source": challenger.terms.source,
        "snapshot": fingerprint.of_data(table),
        "clips": len(table),
        "speakers": int(table["speaker"].nunique()),
        "digits": {str(digit): int(count) for digit, count in counts.items()},
        "synthetic": challenger.additions.as_json(),
    }


def _splits(challenger: Challenger) -> dict[str, Any]:
    places = challenger.split.speakers
    return {
        **{
            side.value: sorted(name for name, place in places.items() if place is side)
            for side in (Side.NEW_VOICES, Side.KNOWN_VOICES)
        },
        "always_train": sorted(challenger.terms.always_train),
        "clips": challenger.split.counts,
    }


def _metrics(challenger: Challenger) -> dict[str, Any]:
    return {
        side.value: None if found is None else found.as_json()
        for side, found in challenger.evaluations.items()
    }


def _calibration(challenger: Challenger) -> dict[str, Any]:
    found = challenger.calibration
    told = {side.value: each.as_json() for side, each in found.reliability.items()}
    return {"temperature": round(found.temperature, 4), "reliability": told}


def _net(model: Any) -> dict[str, Any]:
    return {"parameters": int(model.count_params()), "summary": summary(model)}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **dict(filter(None, map(_version, _LIBRARIES)))}


def _version(library: str) -> tuple[str, str] | None:
    try:
        return library, version(library)
    except PackageNotFoundError:
        return None
