"""Making a net's confidence mean what it says, and finding where it is to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.model.classifier import DIGITS
from trainer.data.samples import Samples
from trainer.evaluate.metrics import Score
from trainer.net.architecture import LAST
from trainer.net.fit import everything

BINS = 15
"""Bins of equal width, as in the paper below."""
_LEAST = 1e-12
_TEMPERATURES = (0.2, 5.0)
FEWEST_CLIPS = 50
"""With fewer clips to learn it from, the temperature stays 1."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How confidence and accuracy agree on one set of clips."""

    error: float
    """Expected calibration error, 0 to 1."""
    confidence: tuple[float, ...]
    """Mean confidence of each bin that has clips."""
    accuracy: tuple[float, ...]
    clips: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "error": round(self.error, 4),
            "confidence": [round(value, 4) for value in self.confidence],
            "accuracy": [round(value, 4) for value in self.accuracy],
            "clips": list(self.clips),
        }


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which confidence on a digit is believed, and what that costs."""

    confidence: float
    kept: Score
    """The clips above it that were heard as the digit, and how many of them are right."""
    heard: int
    """All clips that were heard as the digit."""

    @property
    def coverage(self) -> float:
        return self.kept.clips / self.heard if self.heard else 1.0

    def as_json(self) -> dict[str, Any]:
        return {
            "confidence": round(self.confidence, 4),
            "coverage": round(self.coverage, 4),
            "heard": self.heard,
            "kept": {"correct": self.kept.correct, "clips": self.kept.clips},
        }


def temperature(model: Any, validation: Samples) -> float:
    """What a net's logits must be divided by so that its probabilities fit the validation part.

    Source: C. Guo et al., On calibration of modern neural networks (2017).
    """
    if len(validation) < FEWEST_CLIPS:
        return 1.0
    from scipy.optimize import minimize_scalar

    logits = np.log(everything(model, validation.vectors).astype(np.float64) + _LEAST)

    def loss(logarithm: float) -> float:
        scaled = logits / np.exp(logarithm)
        total = np.logaddexp.reduce(scaled, axis=1)
        return float(np.mean(total - scaled[np.arange(len(scaled)), validation.digits]))

    bounds = tuple(np.log(_TEMPERATURES))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def fold_in(model: Any, value: float) -> None:
    """Divide a net's logits by a temperature, for good: their layer's weights change."""
    last = model.get_layer(LAST)
    last.set_weights([weights / value for weights in last.get_weights()])


def reliability(probabilities: NDArray[np.float32], digits: NDArray[np.int64]) -> Reliability:
    """Hold confidence against accuracy, in bins.

    Parameters
    ----------
    probabilities
        Of shape (clips, 10).
    digits
        The truth, of shape (clips,).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == digits
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    filled = np.unique(places)
    means = [float(confidence[places == place].mean()) for place in filled]
    accuracies = [float(right[places == place].mean()) for place in filled]
    counts = [int((places == place).sum()) for place in filled]
    gaps = np.abs(np.subtract(means, accuracies))
    error = float(np.dot(gaps, counts) / max(len(digits), 1))
    return Reliability(error, tuple(means), tuple(accuracies), tuple(counts))


def thresholds(
    probabilities: NDArray[np.float32],
    digits: NDArray[np.int64],
    *,
    precision: float,
    least: float,
) -> tuple[Threshold, ...]:
    """For each digit the lowest confidence from which on the wanted precision is reached.

    Parameters
    ----------
    probabilities
        Of shape (clips, 10), on clips that no weight was fitted to.
    digits
        The truth, of shape (clips,); 10 stands for no digit.
    precision
        Share of the labels that must be right, 0 to 1.
    least
        No threshold is lower.
    """
    heard, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return tuple(
        _threshold(confidence[heard == digit], digits[heard == digit] == digit, precision, least)
        for digit in range(DIGITS)
    )


def _threshold(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], precision: float, least: float
) -> Threshold:
    wrong = np.sort(confidence[~right])[::-1]
    found = least
    # Precision only changes for the better just above a clip that is wrong.
    for candidate in [least, *(float(np.nextafter(each, np.float32(2))) for each in wrong[::-1])]:
        kept = confidence >= candidate
        if candidate >= least and right[kept].sum() >= precision * kept.sum():
            found = candidate
            break
    kept = confidence >= found
    return Threshold(min(found, 1.0), Score.of(right[kept]), len(confidence))
