"""The learning rate over the steps of a training."""

from __future__ import annotations

import math
from typing import Any

from trainer.net.tensorflow import keras, tensorflow
from trainer.recipes import Recipe

_WARM_UP = 1 / 8
_LOWEST_RATE = 0.01
_CYCLE_WARM_UP = 0.15
_CYCLE_FIRST = 1 / 25
_CYCLE_LAST = 1e-4 / 25


def rate(recipe: Recipe, steps: int) -> Any:
    """A recipe's learning rate: a number, or a schedule of Keras over so many steps."""
    if recipe.schedule == "cosine":
        return _cosine(recipe.learning_rate, steps)
    if recipe.schedule == "one-cycle":
        return _one_cycle(recipe.learning_rate, steps)
    return recipe.learning_rate


def _cosine(highest: float, steps: int) -> Any:
    warm_up = math.ceil(steps * _WARM_UP)
    return keras().optimizers.schedules.CosineDecay(
        highest / 10,
        max(steps - warm_up, 1),
        alpha=_LOWEST_RATE,
        warmup_target=highest,
        warmup_steps=warm_up,
    )


def _one_cycle(highest: float, steps: int) -> Any:
    """L. N. Smith and N. Topin, Super-convergence (2019), both slopes half a cosine."""

    class OneCycle(keras().optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            math_ = tensorflow()
            at = math_.cast(step, math_.float32)
            top = max(_CYCLE_WARM_UP * steps - 1, 1.0)
            fall = math_.minimum((at - top) / max(steps - 1 - top, 1.0), 1.0)
            return math_.where(
                at < top,
                _slope(math_, highest * _CYCLE_FIRST, highest, at / top),
                _slope(math_, highest, highest * _CYCLE_LAST, fall),
            )

        def get_config(self) -> dict[str, Any]:
            return {}

    return OneCycle()


def _slope(math_: Any, start: float, end: float, share: Any) -> Any:
    return end + (start - end) / 2 * (1 + math_.cos(math.pi * share))
