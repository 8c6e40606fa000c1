"""Recipes: a front end, a net, and how it is trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from earmark.errors import TrainingError
from trainer.augment.augmentation import Augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that a training needs besides the clips and the seed."""

    name: str
    about: str
    """What it is, in a sentence; stands on the model's card."""
    front_end: str = "mfcc-mean"
    layers: tuple[int, ...] = (100, 100, 100)
    """Width of each hidden layer: Dense and relu."""
    branches: int = 1
    """Nets side by side, each with its own loss; they answer by the mean of their logits."""
    throats: tuple[float, ...] = ()
    """Vocal tracts, as `MfccTime.throat` knows them, that each clip is heard through; the answer
    is the mean. Empty: as it is."""
    standardise: bool = True
    """Whether the net's first layer scales each input by the training side's mean and variance."""
    dropout: float = 0.0
    """Share of a hidden layer's outputs that are silenced while training."""
    normalise: bool = False
    """Whether each hidden layer normalises its batch between its weights and its relu."""
    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 0.001
    """Adam's; the highest one when there is a schedule."""
    weight_decay: float = 0.0
    """AdamW's, for the layers' weights alone; 0: plain Adam."""
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    """`cosine`: an eighth of all steps warm up, then half a cosine down to a hundredth;
    `one-cycle`: up in half a cosine for 15% of all steps, then down to almost nothing."""
    label_smoothing: float = 0.0
    """Share of the certainty that the loss spreads over all digits."""
    validation_share: float = 0.0
    """Share of the training side that only chooses the epoch."""
    keep: Literal["last", "best"] = "last"
    """Which epoch's net is kept; `best` has the lowest loss on the validation part."""
    patience: int | None = None
    """Epochs without a better one after which the training stops; None: never."""
    augmentation: Augmentation | None = None
    """Other views of the training clips; an epoch shows each clip once, in one of its views."""
    clean_share: float = 0.5
    """Probability that an epoch shows a clean view of a clip."""
    synthetic: bool = False
    """Whether synthetic voices join the training side."""
    others: int = 0
    """How many synthetic voices say other words. Above 0 the net has an eleventh output, which is
    trained on these, on noises and on silence."""
    calibrate: bool = False
    """Whether a temperature and thresholds for each digit are found on the validation part."""

    def as_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


NOTEBOOK = Recipe(
    name="notebook",
    about="the net of the notebook that Earmark began from, to the letter: unscaled input, "
    "three hidden layers of 100, Adam's defaults, 100 epochs in batches of 32, last epoch kept",
    standardise=False,
)

SCALED = Recipe(
    name="scaled",
    about="the notebook's net on standardised input, with dropout and label smoothing, at a "
    "learning rate that falls like a cosine; the best epoch of a validation part is kept",
    dropout=0.2,
    epochs=40,
    batch_size=64,
    learning_rate=0.004,
    schedule="cosine",
    label_smoothing=0.1,
    validation_share=0.1,
    keep="best",
)

TIME = Recipe(
    name="time",
    about="the order of the sounds; three nets side by side, each with two hidden layers of 300 "
    "and 150, which hear each clip through three throats and answer by their mean; views of each "
    "clip with noise, other throats, rooms, microphones, cuts and courses of time, and synthetic "
    "voices in the training side; the last epoch is kept",
    front_end="mfcc-time",
    layers=(300, 150),
    branches=3,
    throats=(0.88, 1.0, 1.13),
    dropout=0.3,
    normalise=True,
    epochs=60,
    batch_size=128,
    learning_rate=0.002,
    weight_decay=0.01,
    schedule="one-cycle",
    label_smoothing=0.1,
    validation_share=0.1,
    augmentation=Augmentation(),
    synthetic=True,
    others=40,
    calibrate=True,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (NOTEBOOK, SCALED, TIME)}
)


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises
    ------
    TrainingError
        When there is none.
    """
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(RECIPES)
        raise TrainingError(f"there is no recipe {name!r}; there are: {known}") from None
