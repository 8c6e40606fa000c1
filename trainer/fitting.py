"""Build a recipe's net and fit it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from earmark.classifier import DIGITS
from earmark.dataset import matrix
from trainer.backend import keras, tensorflow
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd

_WARM_UP = 1 / 8
_LOWEST_RATE = 0.01
_FLAT = 1e-8
"""A variance below this is a constant input: it is centred and not scaled."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a net is fitted to.

    `vectors` is float32 of shape (clips, dimensions), `digits` int64 of shape (clips,).
    """

    vectors: NDArray[np.float32]
    digits: NDArray[np.int64]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        vectors = matrix(table) if len(table) else np.empty((0, 0), np.float32)
        return cls(vectors, table["digit"].to_numpy(np.int64))

    def __len__(self) -> int:
        return len(self.digits)


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far a fit is; what a progress callback is given."""

    epoch: int
    """Finished epochs, from 1."""
    epochs: int
    loss: float
    accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The learning curves, one value an epoch; without a validation part its two are empty."""

    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    kept: int
    """The epoch whose net was kept, from 1."""

    def as_json(self) -> dict[str, Any]:
        curves = ("loss", "accuracy", "val_loss", "val_accuracy")
        rounded = {name: [round(value, 5) for value in getattr(self, name)] for name in curves}
        return rounded | {"kept": self.kept}


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained net, with how it came about."""

    model: Any
    """A `keras.Model` from (clips, dimensions) to (clips, 10) probabilities."""
    history: History
    seconds: float


Progress = Callable[[Epoch], None]


def fit(
    recipe: Recipe,
    train: Samples,
    validation: Samples | None = None,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Fit:
    """Train a recipe's net; the same arguments give the same net.

    Parameters
    ----------
    validation
        Chooses the epoch when the recipe keeps the best; None or empty: the last is kept.
    progress
        Called after each epoch.
    """
    if validation is not None and len(validation) == 0:
        validation = None
    keras()  # is imported before the clock starts
    started = time.monotonic()
    model = compiled(recipe, train, seed=seed)
    best = recipe.keep == "best" and validation is not None
    fitted = model.fit(
        _batches(recipe, train, seed=seed),
        validation_data=None if validation is None else _whole(recipe, validation),
        epochs=recipe.epochs,
        callbacks=[*_best_epoch(recipe, wanted=best), *_reports(recipe.epochs, progress)],
        shuffle=False,
        verbose=0,
    )
    history = _history(fitted.history, best=best)
    return Fit(model, history, seconds=time.monotonic() - started)


def build(recipe: Recipe, vectors: NDArray[np.float32], *, seed: int) -> Any:
    """A recipe's net, not yet trained.

    Parameters
    ----------
    vectors
        The training side's, float32 of shape (clips, dimensions): what inputs are scaled by.
    """
    layers = keras().layers
    keras().utils.set_random_seed(seed)
    stack = [keras().Input((vectors.shape[1],), name="vector")]
    if recipe.standardise:
        stack.append(layers.Normalization(**_scale(vectors), name="standardise"))
    for width in recipe.layers:
        stack.append(layers.Dense(width, activation="relu"))
        if recipe.dropout:
            stack.append(layers.Dropout(recipe.dropout))
    stack.append(layers.Dense(DIGITS, activation="softmax", name="digits"))
    return keras().Sequential(stack, name=recipe.name)


def compiled(recipe: Recipe, train: Samples, *, seed: int) -> Any:
    """A recipe's net with its optimiser and loss, not yet trained."""
    model = build(recipe, train.vectors, seed=seed)
    steps = math.ceil(len(train) / recipe.batch_size)
    model.compile(
        optimizer=keras().optimizers.Adam(_rate(recipe, steps * recipe.epochs)),
        loss=_loss(recipe),
        metrics=["accuracy"],
        # One call an epoch: going back to Python after each small batch costs more than the batch.
        steps_per_execution=steps,
        # Compiling such a small net takes longer than it saves.
        jit_compile=False,
    )
    return model


def probabilities(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a net says, float32 of shape (clips, 10), for vectors of shape (clips, dimensions)."""
    if len(vectors) == 0:
        return np.empty((0, DIGITS), np.float32)
    return np.asarray(model(vectors, training=False), np.float32)


def _scale(vectors: NDArray[np.float32]) -> dict[str, list[float]]:
    wide = vectors.astype(np.float64)
    variance = wide.var(axis=0)
    return {
        "mean": wide.mean(axis=0).tolist(),
        "variance": np.where(variance < _FLAT, 1.0, variance).tolist(),
    }


def _rate(recipe: Recipe, steps: int) -> Any:
    if recipe.schedule == "constant":
        return recipe.learning_rate
    warm_up = math.ceil(steps * _WARM_UP)
    return keras().optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        max(steps - warm_up, 1),
        alpha=_LOWEST_RATE,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )


def _loss(recipe: Recipe) -> Any:
    if recipe.label_smoothing:
        return keras().losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    return "sparse_categorical_crossentropy"


def _targets(recipe: Recipe, samples: Samples) -> NDArray[Any]:
    """What the recipe's loss wants: digits, or rows of ten when it smooths."""
    return (
        np.eye(DIGITS, dtype=np.float32)[samples.digits]
        if recipe.label_smoothing
        else samples.digits
    )


def _batches(recipe: Recipe, samples: Samples, *, seed: int) -> Any:
    pairs = (samples.vectors, _targets(recipe, samples))
    data = tensorflow().data.Dataset.from_tensor_slices(pairs)
    return data.shuffle(len(samples), seed=seed).batch(recipe.batch_size)


def _whole(recipe: Recipe, samples: Samples) -> Any:
    pairs = (samples.vectors, _targets(recipe, samples))
    return tensorflow().data.Dataset.from_tensors(pairs).cache()


def _best_epoch(recipe: Recipe, *, wanted: bool) -> list[Any]:
    if not wanted:
        return []
    return [
        keras().callbacks.EarlyStopping(
            monitor="val_loss",
            mode="min",
            patience=recipe.patience if recipe.patience is not None else recipe.epochs,
            restore_best_weights=True,
        )
    ]


def _reports(epochs: int, progress: Progress | None) -> list[Any]:
    if progress is None:
        return []

    def report(epoch: int, logs: Mapping[str, float]) -> None:
        progress(Epoch(epoch + 1, epochs, **{name: float(logs[name]) for name in logs}))

    return [keras().callbacks.LambdaCallback(on_epoch_end=report)]


def _history(curves: Mapping[str, list[float]], *, best: bool) -> History:
    loss, accuracy, val_loss, val_accuracy = (
        tuple(float(value) for value in curves.get(name, ()))
        for name in ("loss", "accuracy", "val_loss", "val_accuracy")
    )
    kept = int(np.argmin(val_loss)) + 1 if best else len(loss)
    return History(loss, accuracy, val_loss, val_accuracy, kept)
