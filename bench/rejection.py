"""How well a net tells sounds that are no digit from digits, by several scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark import samples
from earmark.audio import Limits
from earmark.classifier import DIGITS
from earmark.extraction import record
from earmark.frontends import front_end
from trainer.backend import keras
from trainer.crossvalidation import Job
from trainer.feeding import OTHER
from trainer.fitting import everything, fit
from trainer.net import LAST
from trainer.recipes import Recipe
from trainer.sounds import wordless

if TYPE_CHECKING:
    from earmark.audio import Sound

FALSE_REJECTIONS = 0.05
WORDS = (
    "apple", "river", "mountain", "seventy", "million", "monday", "window", "table", "orange",
    "quick", "sister", "because", "hotel", "nothing", "forest", "ticket", "number", "green",
    "paper", "fish",
)  # fmt: skip
"""Words that no training was shown."""
_SEED = 77
_VOICES = 20
_WORDLESS = 300
_LIMITS = Limits(max_bytes=2**22, max_seconds=10)


@dataclass(frozen=True, slots=True)
class Rejected:
    """What a score rejects when 5% of the digits are rejected wrongly."""

    score: str
    shares: Mapping[str, float]
    """By kind of sound, 0 to 1."""


def measure(job: Job) -> Iterator[Rejected]:
    """Train a fold's net with and without the class of other sounds, and compare scores.

    The threshold of each score rejects 5% of the fold's digits, which no net was trained on.
    """
    extractor = front_end(job.recipe.front_end)
    foreign = {kind: extractor.extract(sounds) for kind, sounds in _foreign().items()}
    for name, scores in _scores(job):
        digits = scores(job.test.vectors)
        limit = float(np.quantile(digits, 1 - FALSE_REJECTIONS))
        shares = {kind: float((scores(each) > limit).mean()) for kind, each in foreign.items()}
        yield Rejected(name, shares)


def _scores(job: Job) -> Iterator[tuple[str, Any]]:
    bare = replace(job.recipe, others=0)
    spoken = job.train.where(job.train.digits < DIGITS)
    net = _fitted(bare, spoken, job)
    yield "1 - highest probability", lambda v: 1 - everything(net, v).max(axis=1)
    yield "energy of the logits", lambda v: -_energy(net, v)
    centres = _centres(net, spoken.vectors, spoken.digits)
    yield "distance to the class means", lambda v: _distance(_inner(net, v), centres)
    wary = _fitted(job.recipe, job.train, job)
    yield "1 - highest probability, net with a class `other`", lambda v: 1 - _digits(wary, v)
    yield "probability of `other`", lambda v: everything(wary, v)[:, OTHER]


def _fitted(recipe: Recipe, train: Any, job: Job) -> Any:
    return fit(recipe, train, job.validation, seed=job.seed).model


def _digits(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(everything(model, vectors)[:, :DIGITS].max(axis=1))


def _inner(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the layer of the logits is given, the mean of all throats."""
    inner = keras().Model(model.inputs, model.get_layer(LAST).input)
    given = np.asarray(inner(vectors, training=False))
    return np.asarray(given.reshape(len(given), -1, given.shape[-1]).mean(axis=1))


def _energy(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    weights, bias = model.get_layer(LAST).get_weights()
    return np.asarray(np.logaddexp.reduce(_inner(model, vectors) @ weights + bias, axis=1))


def _centres(
    model: Any, vectors: NDArray[np.float32], digits: NDArray[np.int64]
) -> NDArray[np.float32]:
    inner = _inner(model, vectors)
    return np.stack([inner[digits == digit].mean(axis=0) for digit in range(DIGITS)])


def _distance(inner: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    gaps = inner[:, np.newaxis] - centres
    return np.asarray(np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps)).min(axis=1))


def _foreign() -> dict[str, list[Sound]]:
    quiet = wordless(_WORDLESS, _SEED)
    kinds = ("silence", "noise", "knocks", "hum", "melody", "siren")
    return {
        **{kind: quiet[place :: len(kinds)] for place, kind in enumerate(kinds)},
        "other words": list(_words()),
    }


def _words() -> Iterator[Sound]:
    with TemporaryDirectory() as folder:
        said = {word: word for word in WORDS}
        samples.synthesise(Path(folder), speakers=_VOICES, takes=1, seed=_SEED, words=said)
        for path in sorted(Path(folder).rglob("*.wav")):
            yield record(path, _LIMITS).sound
