"""The latest clips' vectors in two dimensions, and those that lie among strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.context import House
from earmark.frontends import front_end

CLIPS = 2_000
LEAST_CLIPS = 10
COMPONENTS = 30
NEIGHBOURS = 10
SUSPECTS = 30
LEAST_SHARE = 0.8
"""Of the neighbours that must agree on another digit before a truth is doubted."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Points of the map."""

    points: Sequence[dict[str, Any]] = ()
    suspects: Sequence[dict[str, Any]] = ()


def project(house: House) -> Projection:
    """Project the latest clips that have a vector of the live model's front end."""
    live = house.store.board.live()
    if live is None:
        return Projection()
    rows = house.index.sample("state in ('labelled', 'unsure')", CLIPS)
    found = house.store.vectors.get(front_end(live.front_end), [row["digest"] for row in rows])
    kept = [(row, vector) for row, vector in zip(rows, found, strict=True) if vector is not None]
    if len(kept) < LEAST_CLIPS:
        return Projection()
    rows = [row for row, _ in kept]
    values = standardised(np.stack([vector for _, vector in kept]))
    points = [_point(row, x, y) for row, (x, y) in zip(rows, flat(values), strict=True)]
    return Projection(points, suspects(rows, values))


def standardised(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each feature with mean 0 and variance 1, of the same shape (clips, features)."""
    values = vectors.astype(np.float64)
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1))


def flat(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Two dimensions in which neighbours stay neighbours, of shape (clips, 2).

    The first principal components, then t-SNE (van der Maaten and Hinton, 2008). The same values
    give the same picture. It keeps one core busy for seconds.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    clips, features = values.shape
    few = PCA(min(COMPONENTS, clips, features), random_state=0).fit_transform(values)
    perplexity = min(30.0, (clips - 1) / 3)
    shown: NDArray[np.float32] = TSNE(
        init="pca", perplexity=perplexity, max_iter=500, n_jobs=1, random_state=0
    ).fit_transform(few)
    return shown


def suspects(rows: Sequence[dict[str, Any]], values: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Clips whose truth is another than that of nearly all of their nearest neighbours."""
    told = [at for at, row in enumerate(rows) if isinstance(row["truth"], int)]
    if len(told) <= NEIGHBOURS:
        return []
    truths = np.array([rows[at]["truth"] for at in told])
    near = _nearest(values[told].astype(np.float32))
    found = []
    for place, at in enumerate(told):
        votes = np.bincount(truths[near[place]], minlength=10)
        share = votes.max() / NEIGHBOURS
        if votes.argmax() != truths[place] and share >= LEAST_SHARE:
            found.append(rows[at] | {"neighbours": int(votes.argmax()), "share": float(share)})
    return sorted(found, key=lambda each: -each["share"])[:SUSPECTS]


def _nearest(values: NDArray[np.float32]) -> NDArray[np.intp]:
    squares = (values**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * values @ values.T
    np.fill_diagonal(distances, np.inf)
    return np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def _point(row: dict[str, Any], x: float, y: float) -> dict[str, Any]:
    truth = row["truth"]
    outcome = "no truth" if truth is None else "right" if truth == row["label"] else "wrong"
    digit = truth if truth is not None else row["label"]
    return {
        "path": row["path"],
        "x": round(x, 3),
        "y": round(y, 3),
        "digit": digit,
        "outcome": outcome,
    }
