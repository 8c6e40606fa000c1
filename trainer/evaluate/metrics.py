"""How good a net is: counts and intervals, per digit and per speaker, and against another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from earmark.model.classifier import DIGITS
from trainer.data import fingerprint

if TYPE_CHECKING:
    import pandas as pd

_Z95 = 1.959964
"""The normal distribution's 97.5% quantile."""

NOBODY = "(no speaker)"


@dataclass(frozen=True, slots=True)
class Score:
    """So many right of so many clips."""

    correct: int
    clips: int

    @classmethod
    def of(cls, right: NDArray[np.bool_]) -> Self:
        """The score of clips of which it is known whether they are right."""
        return cls(int(right.sum()), len(right))

    @property
    def accuracy(self) -> float:
        return self.correct / self.clips if self.clips else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% Wilson interval of the accuracy."""
        return wilson(self.correct, self.clips)

    def as_json(self) -> dict[str, Any]:
        return {
            "accuracy": round(self.accuracy, 4),
            "correct": self.correct,
            "clips": self.clips,
            "interval": [round(bound, 4) for bound in self.interval],
        }

    def __str__(self) -> str:
        return f"{self.accuracy:.3f} ({self.correct} of {self.clips})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a net hears in one test set."""

    right: NDArray[np.bool_]
    """Per clip, in the order of the test set, shape (clips,)."""
    score: Score
    per_digit: Mapping[int, Score]
    per_speaker: Mapping[str, Score]
    confusion: NDArray[np.int64]
    """Counts, shape (10, 10): true digit by heard digit."""
    report: Mapping[str, Any]
    """scikit-learn's classification report as values."""
    report_text: str
    test_set: str
    """Fingerprint of the clips and their truths."""

    def as_json(self) -> dict[str, Any]:
        return self.score.as_json() | {
            "per_digit": {str(key): value.as_json() for key, value in self.per_digit.items()},
            "per_speaker": {key: value.as_json() for key, value in self.per_speaker.items()},
            "confusion": self.confusion.tolist(),
            "report": dict(self.report),
            "report_text": self.report_text,
            "test_set": self.test_set,
        }


def evaluate(table: pd.DataFrame, probabilities: NDArray[np.float32]) -> Evaluation | None:
    """Hold what a net says against the truth.

    Parameters
    ----------
    table
        The test set, as `earmark.datasets.table.COLUMNS`.
    probabilities
        Of shape (clips, 10), in the order of the table.

    Returns
    -------
    None for an empty test set.
    """
    if len(table) == 0:
        return None
    truth = table["digit"].to_numpy(np.int64)
    heard = probabilities.argmax(axis=1)
    right: NDArray[np.bool_] = heard == truth
    return Evaluation(
        right=right,
        score=Score.of(right),
        per_digit=dict(_by(truth, right)),
        per_speaker=dict(_by(_names(table), right)),
        confusion=confusion(truth, heard),
        report=report(truth, heard),
        report_text=report_text(truth, heard),
        test_set=fingerprint.of_test(table),
    )


def report(truth: NDArray[np.int64], heard: NDArray[np.int64]) -> dict[str, Any]:
    """scikit-learn's classification report as values: precision, recall and F1 of each digit."""
    found: dict[str, Any] = _report(truth, heard, output_dict=True)
    return found


def report_text(truth: NDArray[np.int64], heard: NDArray[np.int64]) -> str:
    """The same as scikit-learn prints it."""
    return str(_report(truth, heard, output_dict=False))


def _report(truth: NDArray[np.int64], heard: NDArray[np.int64], *, output_dict: bool) -> Any:
    from sklearn.metrics import classification_report

    return classification_report(
        truth,
        heard,
        labels=sorted(set(truth.tolist())),
        digits=4,
        zero_division=0,
        output_dict=output_dict,
    )


def confusion(truth: NDArray[np.int64], heard: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of true digit by heard digit, int64 of shape (10, 10)."""
    from sklearn.metrics import confusion_matrix

    counts: NDArray[np.int64] = confusion_matrix(truth, heard, labels=range(DIGITS))
    return counts


def wilson(correct: int, clips: int, z: float = _Z95) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference,
    JASA 22 (1927).

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson(90, 100)]
    [0.826, 0.945]
    """
    if clips == 0:
        return (0.0, 1.0)
    share = correct / clips
    centre = share + z**2 / (2 * clips)
    reach = z * math.sqrt(share * (1 - share) / clips + (z / (2 * clips)) ** 2)
    scale = 1 + z**2 / clips
    return (max((centre - reach) / scale, 0.0), min((centre + reach) / scale, 1.0))


def chance_of_no_loss(champion: NDArray[np.bool_], challenger: NDArray[np.bool_]) -> float:
    """How likely the challenger would look this much worse if it were as good as the champion.

    McNemar's exact test, one-sided: of the clips that just one of the two gets right, the
    champion has a number that is binomial with probability 1/2 when both are equally good.

    Parameters
    ----------
    champion, challenger
        Whether each gets a clip right, on the same clips in the same order, shape (clips,).

    Returns
    -------
    The p value: below 0.05 the challenger is significantly worse.
    """
    from scipy.stats import binom

    lost = int(np.sum(champion & ~challenger))
    won = int(np.sum(~champion & challenger))
    return float(binom.sf(lost - 1, lost + won, 0.5))


def _by(keys: NDArray[Any], right: NDArray[np.bool_]) -> Iterator[tuple[Any, Score]]:
    for key in sorted(set(keys.tolist())):
        yield key, Score.of(right[keys == key])


def _names(table: pd.DataFrame) -> NDArray[Any]:
    names = [name if isinstance(name, str) else NOBODY for name in table["speaker"]]
    return np.array(names, dtype=object)
