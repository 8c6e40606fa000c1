"""The net of a recipe: as it is trained, and as it answers.

A net with branches is trained as several nets side by side, each with its own loss. It answers by
the mean of their logits, which one last layer over all branches gives. A net with throats hears
each clip as voices with other vocal tracts would have said it, and answers by the mean, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.frontends import MfccTime, front_end
from earmark.model.classifier import DIGITS
from trainer.net.tensorflow import keras
from trainer.recipes import Recipe

LAST = "digits"
"""Name of the layer that gives the logits."""
_FLAT = 1e-8
"""A variance below this is a constant input: it is centred and not scaled."""
_OWN = "nbi,bio->nbo", "ntbi,bio->ntbo"
"""Each branch's own weights, of shape (branches, inputs, outputs), without and with throats. An
ellipsis would say both, and is trained forty times as slowly."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a net, as Keras' summary tells of it."""

    name: str
    kind: str
    """Name of its class, such as `Dense`."""
    shape: tuple[int | None, ...]
    """Of what it gives; None stands for the clips."""
    parameters: int


def layers_of(model: Any) -> tuple[Layer, ...]:
    """The layers of a Keras model in their order."""
    return tuple(
        Layer(each.name, type(each).__name__, tuple(each.output.shape), int(each.count_params()))
        for each in model.layers
    )


def outputs(recipe: Recipe) -> int:
    """How many classes a recipe's net tells apart."""
    return DIGITS + 1 if recipe.others else DIGITS


def build(recipe: Recipe, vectors: NDArray[np.float32], *, seed: int) -> Any:
    """A recipe's net, not yet trained: from (clips, dimensions) to (clips, classes) probabilities.

    With branches it gives those of each, of shape (clips, branches, classes).

    Parameters
    ----------
    vectors
        The training side's, float32 of shape (clips, dimensions): what inputs are scaled by.
    """
    layers = keras().layers
    keras().utils.set_random_seed(seed)
    stack = [keras().Input((vectors.shape[1],), name="vector"), *_scaled(recipe, vectors)]
    stack += _hidden_layers(recipe, ())
    if recipe.branches == 1:
        return keras().Sequential(
            [*stack, layers.Dense(outputs(recipe), activation="softmax", name=LAST)],
            name=recipe.name,
        )
    stack += [
        layers.Reshape((recipe.branches, recipe.layers[-1])),
        layers.EinsumDense(
            _OWN[0],
            (recipe.branches, outputs(recipe)),
            bias_axes="bo",
            activation="softmax",
            name=LAST,
        ),
    ]
    return keras().Sequential(stack, name=recipe.name)


def answering(recipe: Recipe, trained: Any, vectors: NDArray[np.float32]) -> Any:
    """The net that answers as all branches of a trained one together, through all throats.

    Parameters
    ----------
    vectors
        As `build` was given.
    """
    if recipe.branches == 1 and not recipe.throats:
        return trained
    layers = keras().layers
    heard = (len(recipe.throats),) if recipe.throats else ()
    stack = [keras().Input((vectors.shape[1],), name="vector"), *_throats(recipe)]
    stack += [*_scaled(recipe, vectors), *_hidden_layers(recipe, heard)]
    stack.append(layers.Dense(outputs(recipe), name=LAST))
    if heard:
        stack.append(layers.GlobalAveragePooling1D())
    model = keras().Sequential([*stack, layers.Softmax()], name=recipe.name)
    for layer in trained.layers:
        if layer.weights and layer.name != LAST:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    weights, bias = trained.get_layer(LAST).get_weights()
    if recipe.branches > 1:
        # The mean of the branches' logits is one layer over all that they give.
        weights = weights.reshape(-1, outputs(recipe)) / recipe.branches
        bias = bias.mean(axis=0)
    model.get_layer(LAST).set_weights([weights, bias])
    return model


def _scaled(recipe: Recipe, vectors: NDArray[np.float32]) -> list[Any]:
    if not recipe.standardise:
        return []
    wide = vectors.astype(np.float64)
    variance = wide.var(axis=0)
    return [
        keras().layers.Normalization(
            mean=wide.mean(axis=0).tolist(),
            variance=np.where(variance < _FLAT, 1.0, variance).tolist(),
            name="standardise",
        )
    ]


def _throats(recipe: Recipe) -> list[Any]:
    if not recipe.throats:
        return []
    layers, extractor = keras().layers, front_end(recipe.front_end)
    if not isinstance(extractor, MfccTime):
        raise ValueError(f"{recipe.front_end} knows no throats")
    maps = np.stack([extractor.throat(alpha) for alpha in recipe.throats])
    moments = (extractor.steps, extractor.coefficients)
    heard = layers.EinsumDense("bsc,acd->basd", (len(maps), *moments), name="throats")
    heard.build((None, *moments))
    heard.set_weights([maps])
    heard.trainable = False
    return [layers.Reshape(moments), heard, layers.Reshape((len(maps), extractor.dimensions))]


def _hidden_layers(recipe: Recipe, heard: tuple[int, ...]) -> list[Any]:
    """All hidden layers, for inputs of shape (clips, *heard, dimensions)."""
    layers, before = keras().layers, 0
    stack: list[Any] = []
    for number, width in enumerate(recipe.layers, start=1):
        # Where the batch is normalised, its own mean takes the place of a bias.
        told: dict[str, Any] = {"name": f"hidden_{number}"}
        told |= {"activation": None if recipe.normalise else "relu"}
        if recipe.branches == 1 or not before:
            units = recipe.branches * width
            stack.append(layers.Dense(units, use_bias=not recipe.normalise, **told))
        else:
            bias = None if recipe.normalise else "bo"
            own = layers.EinsumDense(
                _OWN[len(heard)], (*heard, recipe.branches, width), bias_axes=bias, **told
            )
            apart = layers.Reshape((*heard, recipe.branches, before))
            stack += [apart, own, layers.Reshape((*heard, recipe.branches * width))]
        if recipe.normalise:
            norm = {"momentum": 0.9, "epsilon": 1e-5, "name": f"normalise_{number}"}
            stack += [layers.BatchNormalization(**norm), layers.ReLU()]
        if recipe.dropout:
            stack.append(layers.Dropout(recipe.dropout))
        before = width
    return stack
