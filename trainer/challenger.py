"""A freshly trained net, with everything that it was made from and what it hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earmark.dataset import matrix
from earmark.errors import NotEnoughClips
from trainer.evaluation import Evaluation, evaluate
from trainer.fitting import Fit, Progress, Samples, fit, probabilities
from trainer.recipes import Recipe
from trainer.splits import Side, Split, split

if TYPE_CHECKING:
    import pandas as pd

FEWEST_CLIPS = 40
FEWEST_TRAINING_CLIPS = 20
FEWEST_DIGITS = 2

TEST_SIDES = (Side.KNOWN_VOICES, Side.NEW_VOICES)

DROPPED = (
    "Clips that were dropped into this Earmark's inbox, with the truths that their names or "
    "people tell; nobody told their source and licence."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the settings say about every training."""

    seed: int = 0
    floor: float = 0.6
    """Lowest accuracy on known voices that is published."""
    always_train: tuple[str, ...] = ()
    """Speakers that are never held out."""
    confidence: float = 0.6
    """Below it the published model's labels are unsure."""
    source: str = DROPPED
    """Where the clips come from and under which licence, for the model's card."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """A trained and evaluated net that may become the live model."""

    recipe: Recipe
    terms: Terms
    table: pd.DataFrame
    split: Split
    fit: Fit
    evaluations: Mapping[Side, Evaluation | None]
    """By test side; None where there are no clips."""

    @property
    def metrics(self) -> dict[str, Any]:
        """Accuracy, correct, clips and interval by test side, as plain values."""
        return {
            side.value: None if found is None else found.score.as_json()
            for side, found in self.evaluations.items()
        }


def train_challenger(
    table: pd.DataFrame,
    recipe: Recipe,
    terms: Terms,
    *,
    earlier: Mapping[str, str],
    progress: Progress | None = None,
) -> Challenger:
    """Split the table, fit the recipe's net and evaluate it on both test sides.

    Parameters
    ----------
    table
        All clips with a digit as truth, as `earmark.dataset.COLUMNS`.
    earlier
        The side of each speaker in the training before.

    Raises
    ------
    NotEnoughClips
        When there is too little to train on or to test with.
    """
    check_enough(table)
    sides = split(
        table,
        earlier=earlier,
        always_train=terms.always_train,
        validation_share=recipe.validation_share,
    )
    check_sides(sides)
    fitted = fit(
        recipe,
        Samples.of(sides.train),
        Samples.of(sides.validation),
        seed=terms.seed,
        progress=progress,
    )
    evaluations = {side: _evaluated(fitted, sides.of(side)) for side in TEST_SIDES}
    return Challenger(recipe, terms, table, sides, fitted, evaluations)


def check_enough(table: pd.DataFrame) -> None:
    """Refuse a table from which nothing can be learnt.

    Raises
    ------
    NotEnoughClips
        Says how much there is and how much is needed.
    """
    if len(table) < FEWEST_CLIPS:
        raise NotEnoughClips(
            f"there are {len(table)} clips whose digit is known, and at least {FEWEST_CLIPS} are "
            "needed: name your wavs {digit}_{speaker}_{take}.wav, or correct labels"
        )
    digits = sorted(set(table["digit"].tolist()))
    if len(digits) < FEWEST_DIGITS:
        raise NotEnoughClips(
            f"all {len(table)} clips are of the digit {digits[0]}, and at least "
            f"{FEWEST_DIGITS} digits are needed"
        )


def check_sides(sides: Split) -> None:
    """Refuse a split that leaves too little to train on, or nothing to test with.

    Raises
    ------
    NotEnoughClips
        Says how the clips fell, and what to do.
    """
    digits = sides.train["digit"].nunique()
    enough = len(sides.train) >= FEWEST_TRAINING_CLIPS and digits >= FEWEST_DIGITS
    if enough and len(sides.known_voices):
        return
    held_out = sorted(set(sides.new_voices["speaker"]))
    advice = f" (EARMARK_ALWAYS_TRAIN={','.join(held_out)} would train on them)"
    raise NotEnoughClips(
        f"of {sum(sides.counts.values())} clips only {len(sides.train)} of {digits} digits are "
        f"left to train on and {len(sides.known_voices)} to test with, for "
        f"{len(sides.new_voices)} are by speakers who are held out"
        f"{advice if held_out else ''}: at least {FEWEST_TRAINING_CLIPS} clips of "
        f"{FEWEST_DIGITS} digits and 1 to test with are needed"
    )


def _evaluated(fitted: Fit, side: pd.DataFrame) -> Evaluation | None:
    if len(side) == 0:
        return None
    return evaluate(side, probabilities(fitted.model, matrix(side)))
