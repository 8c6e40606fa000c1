"""The batches that a net is fitted to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.net.architecture import outputs
from trainer.net.tensorflow import tensorflow
from trainer.recipes import Recipe

if TYPE_CHECKING:
    pass
from trainer.data.samples import Samples, shown


def steps(recipe: Recipe, samples: Samples) -> int:
    """Batches an epoch."""
    if samples.views is None:
        return math.ceil(len(samples) / recipe.batch_size)
    return max(len(samples) // recipe.batch_size, 1)


def batches(recipe: Recipe, samples: Samples, *, seed: int) -> Any:
    """The batches of one epoch, or of all epochs one after the other where there are views."""
    if samples.views is not None:
        return _viewed(recipe, samples, seed)
    pairs = (samples.vectors, targets(recipe, samples.digits))
    data = tensorflow().data.Dataset.from_tensor_slices(pairs)
    return data.shuffle(len(samples), seed=seed).batch(recipe.batch_size)


def whole(recipe: Recipe, samples: Samples) -> Any:
    """All clips as they are, in one batch."""
    pairs = (samples.vectors, targets(recipe, samples.digits))
    return tensorflow().data.Dataset.from_tensors(pairs).cache()


def targets(recipe: Recipe, digits: NDArray[np.int64]) -> NDArray[Any]:
    """What the recipe's loss wants of each branch: digits, or rows of classes when it smooths."""
    wanted = np.eye(outputs(recipe), dtype=np.float32)[digits] if recipe.label_smoothing else digits
    if recipe.branches == 1:
        return wanted
    return np.repeat(wanted[:, np.newaxis], recipe.branches, axis=1)


def _viewed(recipe: Recipe, samples: Samples, seed: int) -> Any:
    if samples.views is None:
        raise ValueError("there are no views")
    clips, views, dimensions = samples.views.shape
    tf = tensorflow()
    table = tf.constant(samples.views.reshape(clips * views, dimensions))
    answers = tf.constant(targets(recipe, samples.digits))

    def gather(rows: Any) -> Any:
        return tf.cast(tf.gather(table, rows), tf.float32), tf.gather(answers, rows // views)

    rows = shown(recipe, (clips, views), seed=seed)
    # Made by one thread beside the fit; more would only take its place.
    data = tf.data.Dataset.from_tensor_slices(rows).map(gather, num_parallel_calls=1)
    return data.prefetch(8)
