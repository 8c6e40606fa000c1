"""Which parts of a clip made a model hear what it heard, and which known clips are like it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.frontends import MfccTime
from earmark.model.classifier import Classifier, Guess

if TYPE_CHECKING:
    import pandas as pd

_REACH = 1
"""Neighbouring moments that are hidden together with each one, on either side."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A guess, and what it rests on."""

    guess: Guess
    picture: NDArray[np.float32]
    """What the model was given, of shape (moments, coefficients)."""
    relevance: NDArray[np.float32]
    """How far the label's probability falls when a part of the picture is hidden, same shape;
    below 0 it rises."""

    @property
    def moments(self) -> tuple[float, float]:
        """The stretch of the word that matters most, as shares of its length: half of all that
        speaks for the label lies in it."""
        weights = np.maximum(self.relevance, 0).sum(axis=1)
        if not weights.any():
            return 0.0, 1.0
        first, last = _densest(weights)
        return first / len(weights), (last + 1) / len(weights)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A clip whose truth is known, and how like it is."""

    path: str
    digit: int
    speaker: str | None
    distance: float


def explain(classifier: Classifier, vector: NDArray[np.float32]) -> Explanation | None:
    """Hide each part of a clip's picture in turn, and see what the label loses by it.

    A part is hidden by what the front end gives for a word that does not change: zero.

    Parameters
    ----------
    vector
        float32 of shape (dimensions of the model's front end,).

    Returns
    -------
    None where the model's front end makes no picture.
    """
    extractor = classifier.front_end
    if not isinstance(extractor, MfccTime):
        return None
    [guess] = classifier.guess(vector[np.newaxis])
    picture = vector.reshape(extractor.steps, extractor.coefficients)
    hidden = np.stack(list(_hidden(picture)))
    said = classifier.probabilities(np.concatenate([vector[np.newaxis], hidden]))[:, guess.label]
    return Explanation(guess, picture, (said[0] - said[1:]).reshape(picture.shape))


def nearest(
    vector: NDArray[np.float32], table: pd.DataFrame, count: int = 3
) -> Sequence[Neighbour]:
    """The clips of a table (`earmark.datasets.table.COLUMNS`) that are most like a vector.

    Distances are Euclidean, each value scaled by its spread in the table.
    """
    from earmark.datasets.table import matrix

    if table.empty:
        return []
    known = matrix(table)
    spread = known.std(axis=0)
    distances = np.linalg.norm((known - vector) / np.where(spread > 0, spread, 1), axis=1)
    rows = table.iloc[np.argsort(distances, kind="stable")[:count]]
    found = np.sort(distances, kind="stable")[:count]
    return [
        Neighbour(path, digit, speaker if isinstance(speaker, str) else None, round(float(far), 2))
        for path, digit, speaker, far in zip(
            rows["path"], rows["digit"], rows["speaker"], found, strict=True
        )
    ]


def _hidden(picture: NDArray[np.float32]) -> Iterable[NDArray[np.float32]]:
    for moment, coefficient in np.ndindex(*picture.shape):
        changed = picture.copy()
        changed[max(moment - _REACH, 0) : moment + _REACH + 1, coefficient] = 0
        yield changed.ravel()


def _densest(weights: NDArray[np.float32]) -> tuple[int, int]:
    """The shortest stretch that holds half of the sum."""
    sums = np.concatenate([[0], np.cumsum(weights)])
    stretches = (
        (last - first, first, last)
        for first in range(len(weights))
        for last in range(first, len(weights))
        if sums[last + 1] - sums[first] >= sums[-1] / 2
    )
    _, first, last = min(stretches)
    return first, last
