"""The gate: a challenger is published only when it is good, and no step back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluate.metrics import Score, chance_of_no_loss

SIGNIFICANCE = 0.05
"""One-sided level of McNemar's test."""
SLACK = 0.01
"""How far below the best ever a challenger may be: one point."""

KNOWN_VOICES = "known voices"
NEW_VOICES = "new voices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test set, and how both models do on it."""

    name: str
    """`KNOWN_VOICES` or `NEW_VOICES`."""
    challenger: NDArray[np.bool_]
    """Whether the challenger gets each clip right, shape (clips,)."""
    champion: NDArray[np.bool_] | None = None
    """The same for the live model; None when there is none that can be compared."""
    shared: NDArray[np.bool_] | None = None
    """The clips that the live model could be given too, shape (clips,); None: all."""
    best: tuple[str, Score] | None = None
    """The best published model on exactly these clips, with its score."""

    @property
    def score(self) -> Score:
        return Score.of(self.challenger)

    @property
    def duel(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
        """Champion and challenger on the clips that both were given."""
        if self.champion is None:
            return None
        shared = slice(None) if self.shared is None else self.shared
        return self.champion[shared], self.challenger[shared]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a challenger is published, and why."""

    publish: bool
    reason: str


def judge(trials: Sequence[Trial], *, floor: float) -> Verdict:
    """Decide over a challenger.

    It must reach the floor on known voices; on no test set may it be significantly worse than
    the live model, nor more than a point below the best ever published on the same clips, so
    that small losses do not add up. Where a point is less than one clip, one clip is allowed.

    Parameters
    ----------
    trials
        One per test set that is not empty.
    floor
        Lowest accuracy on known voices, 0 to 1.
    """
    objections = [
        objection
        for trial in trials
        for objection in (*_floor(trial, floor), *_champion(trial), *_best(trial))
    ]
    if objections:
        return Verdict(False, "refused: " + "; ".join(objections))
    return Verdict(True, "published: " + "; ".join(_praise(trial) for trial in trials))


def _floor(trial: Trial, floor: float) -> Iterator[str]:
    if trial.name == KNOWN_VOICES and trial.score.accuracy < floor:
        yield (
            f"{trial.score} right on {trial.name}, which is below the floor of {floor:.2f} "
            "(EARMARK_FLOOR)"
        )


def _champion(trial: Trial) -> Iterator[str]:
    if trial.duel is None:
        return
    champion, challenger = trial.duel
    chance = chance_of_no_loss(champion, challenger)
    if chance < SIGNIFICANCE:
        yield (
            f"{Score.of(challenger)} right on {trial.name}, where the live model has "
            f"{Score.of(champion)}: significantly worse (McNemar, p = {chance:.2g})"
        )


def _best(trial: Trial) -> Iterator[str]:
    if trial.best is None:
        return
    version, best = trial.best
    allowed = max(SLACK * best.clips, 1)
    # A hair of tolerance, for 0.01 * 300 is a little more or less than 3.
    if best.correct - trial.score.correct > allowed + 1e-9:
        yield (
            f"{trial.score} right on {trial.name}, more than a point below the best ever on the "
            f"same clips, {best} by {version}"
        )


def _praise(trial: Trial) -> str:
    versus = "" if trial.duel is None else f", the live model {Score.of(trial.duel[0])}"
    return f"{trial.score} right on {trial.name}{versus}"
