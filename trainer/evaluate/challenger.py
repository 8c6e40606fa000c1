"""A freshly trained net, with everything that it was made from and what it hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from earmark.datasets.table import matrix
from earmark.errors import NotEnoughClips
from earmark.wording import counted, there_are
from trainer.data.material import Material
from trainer.data.samples import Samples
from trainer.data.splits import Side, Split, split
from trainer.data.synthetic_voices import NOTHING, Additions
from trainer.evaluate import calibration
from trainer.evaluate.calibration import Reliability, Threshold
from trainer.evaluate.metrics import Evaluation, evaluate
from trainer.net.fit import Fit, Progress, fit, probabilities
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd

    from earmark.settings import Settings

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
    """Below it the published model's labels are unsure, whatever their digit."""
    precision: float = 0.99
    """Share of the labels of each digit that must be right; below that it is unsure."""
    synthetic_voices: int = 0
    """How many synthetic voices join the training side of a recipe that takes them."""
    source: str = DROPPED
    """Where the clips come from and under which licence, for the model's card."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say."""
        return cls(
            seed=settings.seed,
            floor=settings.floor,
            always_train=settings.always_train,
            confidence=settings.confidence,
            precision=settings.precision,
            synthetic_voices=settings.synthetic_voices,
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a net's confidence is worth."""

    temperature: float = 1.0
    """What its logits were divided by."""
    thresholds: tuple[Threshold, ...] = ()
    """By digit; empty where there is too little to find them on."""
    reliability: Mapping[Side, Reliability] = field(default_factory=dict)
    """By test side that has clips."""


UNCALIBRATED = Calibration()


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
    additions: Additions = NOTHING
    """What joined the training side that nobody recorded."""
    calibration: Calibration = field(default_factory=lambda: UNCALIBRATED)

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
    material: Material | None = None,
    progress: Progress | None = None,
) -> Challenger:
    """Split the table, fit the recipe's net and evaluate it on both test sides.

    Parameters
    ----------
    table
        All clips with a digit as truth, as `earmark.datasets.table.COLUMNS`.
    earlier
        The side of each speaker in the training before.
    material
        Wanted by recipes that augment.

    Raises
    ------
    NotEnoughClips
        When there is too little to train on or to test with.
    """
    if len(table) or not may_be_unheard(recipe, terms):
        check_enough(table)
    sides = split(
        table,
        earlier=earlier,
        always_train=terms.always_train,
        validation_share=recipe.validation_share,
    )
    if len(table):
        check_sides(sides)
    additions = additions_of(recipe, terms, material)  # takes a minute, so after all checks
    if len(table) == 0 and not additions.clips:
        raise NotEnoughClips(
            f"there is no clip whose digit is known, and {additions.remark or 'no synthetic voice'}"
        )
    train = material.samples(recipe, sides.train) if material else Samples.of(sides.train)
    validation = Samples.of(sides.validation)
    fitted = fit(
        recipe,
        train.joined(additions.voices).joined(additions.others),
        validation,
        seed=terms.seed,
        progress=progress,
    )
    calibrated = calibrate(fitted, validation, sides, terms) if recipe.calibrate else UNCALIBRATED
    evaluations = {side: _evaluated(fitted, sides.of(side)) for side in TEST_SIDES}
    return Challenger(recipe, terms, table, sides, fitted, evaluations, additions, calibrated)


def may_be_unheard(recipe: Recipe, terms: Terms) -> bool:
    """Whether synthetic voices may be all that a first model is trained on."""
    return recipe.synthetic and terms.synthetic_voices > 0


def additions_of(recipe: Recipe, terms: Terms, material: Material | None) -> Additions:
    """What joins the training side that nobody recorded."""
    if material is None:
        if recipe.augmentation is not None:
            raise ValueError(f"recipe {recipe.name} wants recordings, and none were given")
        return NOTHING
    return material.additions(recipe, terms.synthetic_voices)


def calibrate(fitted: Fit, validation: Samples, sides: Split, terms: Terms) -> Calibration:
    """Let the net's confidence mean what it says, as far as the validation part can tell."""
    value = calibration.temperature(fitted.model, validation)
    calibration.fold_in(fitted.model, value)
    heard = probabilities(fitted.model, validation.vectors)
    found = calibration.thresholds(
        heard, validation.digits, precision=terms.precision, least=terms.confidence
    )
    told = {
        side: calibration.reliability(
            probabilities(fitted.model, matrix(clips)), clips["digit"].to_numpy()
        )
        for side in TEST_SIDES
        if len(clips := sides.of(side))
    }
    return Calibration(value, found, told)


def check_enough(table: pd.DataFrame) -> None:
    """Refuse a table from which nothing can be learnt.

    Raises
    ------
    NotEnoughClips
        Says how much there is and how much is needed.
    """
    if len(table) < FEWEST_CLIPS:
        raise NotEnoughClips(
            f"{there_are(len(table), 'clip')} whose digit is known, and at least {FEWEST_CLIPS} "
            "are needed: name your wavs {digit}_{speaker}_{take}.wav, or correct labels"
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
        f"of {counted(sum(sides.counts.values()), 'clip')}, {len(sides.train)} "
        f"({counted(digits, 'digit')}) are left to train on and {len(sides.known_voices)} to test "
        f"with, and {len(sides.new_voices)} are by speakers who are held out"
        f"{advice if held_out else ''}: at least {FEWEST_TRAINING_CLIPS} clips of "
        f"{FEWEST_DIGITS} digits and 1 to test with are needed"
    )


def _evaluated(fitted: Fit, side: pd.DataFrame) -> Evaluation | None:
    if len(side) == 0:
        return None
    return evaluate(side, probabilities(fitted.model, matrix(side)))
