"""Recipes: a front end, a net, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from earmark.errors import TrainingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that a training needs besides the clips and the seed."""

    name: str
    about: str
    """What it is, in a sentence; stands on the model's card."""
    front_end: str = "mfcc-mean"
    layers: tuple[int, ...] = (100, 100, 100)
    """Width of each hidden layer: Dense and relu."""
    standardise: bool = True
    """Whether the net's first layer scales each input by the training side's mean and variance."""
    dropout: float = 0.0
    """Share of a hidden layer's outputs that are silenced while training."""
    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 0.001
    """Adam's; the highest one when there is a schedule."""
    schedule: Literal["constant", "cosine"] = "constant"
    """`cosine`: an eighth of all steps warm up, then half a cosine down to a hundredth."""
    label_smoothing: float = 0.0
    """Share of the certainty that the loss spreads over all digits."""
    validation_share: float = 0.0
    """Share of the training side that only chooses the epoch."""
    keep: Literal["last", "best"] = "last"
    """Which epoch's net is kept; `best` has the lowest loss on the validation part."""
    patience: int | None = None
    """Epochs without a better one after which the training stops; None: never."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"layers": list(self.layers)}


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

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (NOTEBOOK, SCALED)}
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
