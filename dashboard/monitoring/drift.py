"""Drift: whether the last clips still look like those that the live model was trained on.

The population stability index compares two distributions over the deciles of the first:
the sum of (a - b) * ln(a / b) over their shares a and b (Siddiqi, Credit Risk Scorecards, 2006).
Below 0.1 nothing has changed, above 0.25 a good deal has.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.context import House
from earmark.errors import EarmarkError
from earmark.frontends import front_end
from earmark.model.artifact import TRAINED_ON, Announcement

log = logging.getLogger(__name__)

LAST = 500
"""Clips that are compared with the training data."""
LEAST = 100
REFERENCE = 2_000
NOTABLE, STRONG = 0.1, 0.25
_SHARE_FLOOR = 1e-4
_ASKED, _NEWEST = "retrained-for-drift", "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the last clips are from the training data."""

    clips: int
    """How many of the last clips were compared."""
    reference: int
    """How many clips of the training data they were compared with."""
    features: tuple[float, ...] = ()
    """The index of each feature."""
    confidence: float | None = None
    """The index of the model's confidence."""
    unsure: float | None = None
    """Share of the last clips below the confidence threshold."""
    verdict: str = "unknown"
    """`steady`, `notable`, `strong`, or `unknown`."""

    @property
    def median(self) -> float | None:
        return round(float(np.median(self.features)), 4) if self.features else None

    @property
    def most(self) -> float | None:
        return round(max(self.features), 4) if self.features else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"median": self.median, "most": self.most}


def stability_index(reference: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """The population stability index of one feature.

    Parameters
    ----------
    reference, found
        Values of the feature, of shape (n,) and (m,).

    Examples
    --------
    >>> same = np.arange(1000.0)
    >>> round(stability_index(same, same), 3)
    0.0
    >>> stability_index(same, same + 500) > 0.25
    True
    """
    edges = np.unique(np.quantile(reference, np.linspace(0.1, 0.9, 9)))
    before, after = _shares(reference, edges), _shares(found, edges)
    return float(np.sum((after - before) * np.log(after / before)))


def stability_indexes(
    reference: NDArray[np.float32], found: NDArray[np.float32]
) -> tuple[float, ...]:
    """The index of each column of two tables of shape (n, features) and (m, features)."""
    columns = range(reference.shape[1])
    return tuple(
        round(stability_index(reference[:, at].astype(float), found[:, at].astype(float)), 4)
        for at in columns
    )


def drift_of(house: House) -> Drift:
    """Compare the last clips with the live model's training data, as far as the store has it."""
    live = house.store.board.live()
    if live is None:
        return Drift(clips=0, reference=0)
    done = "state in ('labelled', 'unsure') and model is not null"
    last = house.index.sample(f"{done} and blind = 1", LAST)
    unsure = sum(row["state"] == "unsure" for row in last) / len(last) if last else None
    latest = [(row["digest"], row["confidence"] or 0.0) for row in last]
    trained = _trained_on(house, live)
    if len(last) < LEAST or len(trained) < LEAST:
        return Drift(clips=len(last), reference=len(trained), unsure=unsure)
    return _compared(house, live, trained, latest, unsure)


def watch(house: House) -> None:
    """Measure the drift, for all who ask until it is measured again; retrain where it is strong."""
    drift = drift_of(house)
    house.cache[_NEWEST] = drift
    retrain_on_drift(house, drift)


def newest(house: House) -> Drift:
    """The drift as it was measured last."""
    found: Drift = house.cache.get(_NEWEST, Drift(clips=0, reference=0))
    return found


def retrain_on_drift(house: House, drift: Drift) -> bool:
    """Ask for a training when the drift is above the setting; once for each live model."""
    threshold, live = house.settings.retrain_drift, house.store.board.live()
    median = drift.median
    if not threshold or median is None or median < threshold:
        return False
    if live is None or house.index.note(_ASKED) == live.version:
        return False
    house.index.keep(_ASKED, live.version)
    house.train()
    log.info("the drift is %.2f: a training is asked for", median)
    return True


def _compared(
    house: House,
    live: Announcement,
    trained: Sequence[tuple[str, float]],
    last: Sequence[tuple[str, float]],
    unsure: float | None,
) -> Drift:
    before, after = _vectors(house, live, trained), _vectors(house, live, last)
    if len(before) < LEAST or len(after) < LEAST:
        return Drift(clips=len(after), reference=len(before), unsure=unsure)
    features = stability_indexes(before, after)
    confidence = stability_index(_confidences(trained), _confidences(last))
    return Drift(
        clips=len(after),
        reference=len(before),
        features=features,
        confidence=round(confidence, 4),
        unsure=unsure,
        verdict=_verdict(float(np.median(features))),
    )


def _verdict(index: float) -> str:
    return "strong" if index >= STRONG else "notable" if index >= NOTABLE else "steady"


def _trained_on(house: House, live: Announcement) -> list[tuple[str, float]]:
    """Digest and confidence of recent clips that the live model was trained on."""
    try:
        keys = np.load(house.registry.path(live.version) / TRAINED_ON, allow_pickle=False)
    except (EarmarkError, OSError, ValueError):
        return []
    told = house.index.told(5 * REFERENCE)
    digests = np.array([int(digest[:16], 16) for digest, _ in told], np.uint64)
    seen = np.isin(digests, keys)
    return [clip for clip, known in zip(told, seen, strict=True) if known][:REFERENCE]


def _vectors(
    house: House, live: Announcement, clips: Sequence[tuple[str, float]]
) -> NDArray[np.float32]:
    found = house.store.vectors.get(front_end(live.front_end), [digest for digest, _ in clips])
    there = [vector for vector in found if vector is not None]
    return np.stack(there) if there else np.empty((0, 0), np.float32)


def _confidences(clips: Sequence[tuple[str, float]]) -> NDArray[np.float64]:
    return np.array([confidence for _, confidence in clips], np.float64)


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    return np.maximum(counts / len(values), _SHARE_FLOOR)
