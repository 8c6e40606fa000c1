"""Fit a recipe's net."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.model.classifier import DIGITS
from trainer.data.samples import Samples
from trainer.net.architecture import answering, build
from trainer.net.batches import batches, steps, whole
from trainer.net.learning_rate import rate
from trainer.net.tensorflow import keras
from trainer.recipes import Recipe


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
        batches(recipe, train, seed=seed),
        validation_data=None if validation is None else whole(recipe, validation),
        epochs=recipe.epochs,
        steps_per_epoch=None if train.views is None else steps(recipe, train),
        callbacks=[*_best_epoch(recipe, wanted=best), *_reports(recipe.epochs, progress)],
        shuffle=False,
        verbose=0,
    )
    history = _history(fitted.history, best=best)
    answers = answering(recipe, model, _spoken(train))
    return Fit(answers, history, seconds=time.monotonic() - started)


def compiled(recipe: Recipe, train: Samples, *, seed: int) -> Any:
    """A recipe's net with its optimiser and loss, not yet trained."""
    model = build(recipe, _spoken(train), seed=seed)
    epoch_steps = steps(recipe, train)
    model.compile(
        optimizer=_optimiser(recipe, epoch_steps * recipe.epochs),
        loss=_loss(recipe),
        metrics=["accuracy"],
        # One call an epoch: going back to Python after each small batch costs more than the batch.
        steps_per_execution=epoch_steps,
        # Compiling such a small net takes longer than it saves.
        jit_compile=False,
    )
    return model


def probabilities(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a net says of the ten digits, for vectors of shape (clips, dimensions).

    Returns
    -------
    float32 of shape (clips, 10). Rows sum to 1, or to less by the probability of no digit.
    """
    return everything(model, vectors)[:, :DIGITS]


def everything(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a net says, float32 of shape (clips, classes)."""
    if len(vectors) == 0:
        return np.empty((0, int(model.output_shape[-1])), np.float32)
    return np.asarray(model(vectors, training=False), np.float32)


def _spoken(train: Samples) -> NDArray[np.float32]:
    return train.vectors[train.digits < DIGITS]


def _optimiser(recipe: Recipe, all_steps: int) -> Any:
    optimisers = keras().optimizers
    learning_rate = rate(recipe, all_steps)
    if not recipe.weight_decay:
        return optimisers.Adam(learning_rate)
    optimiser = optimisers.AdamW(learning_rate, weight_decay=recipe.weight_decay)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser


def _loss(recipe: Recipe) -> Any:
    if recipe.label_smoothing:
        return keras().losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    return "sparse_categorical_crossentropy"


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
