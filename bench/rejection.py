"""How well a net tells sounds that are no digit from digits, by several scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark import synthesis
from earmark.audio.decode import Limits
from earmark.audio.reader import record
from earmark.frontends import front_end
from earmark.model.classifier import DIGITS
from trainer.augment.non_speech import wordless
from trainer.data.samples import OTHER
from trainer.net.architecture import LAST
from trainer.net.fit import everything, fit
from trainer.net.tensorflow import keras
from trainer.offline.crossvalidate import Job
from trainer.recipes import Recipe

if TYPE_CHECKING:
    from earmark.audio.decode import Sound

FALSE_REJECTIONS = 0.05
WORDS = (
    "apple", "river", "mountain", "seventy", "million", "monday", "window", "table", "orange",
    "quick", "sister", "because", "hotel", "nothing", "forest", "ticket", "number", "green",
    "paper", "fish",
)  # fmt: skip
"""Words that no training was shown; one half chooses a score, and the other is told of."""
CONFIDENCE = "1 - highest probability, net with a class `other`"
"""The score in use: what the net's confidence lacks to 1."""
_CHOOSING, _TELLING = 78, 77
"""Seeds of the sounds."""
_VOICES = 20
_WORDLESS = 300
_LIMITS = Limits(max_bytes=2**22, max_seconds=10)


@dataclass(frozen=True, slots=True)
class Rejected:
    """What a score rejects, with a threshold that rejects 5% of the validation part's digits."""

    score: str
    validated: float
    """Share of the sounds that were kept for choosing a score, mean of all kinds, 0 to 1."""
    digits: float
    """Share of the fold's digits that are rejected wrongly."""
    shares: Mapping[str, float]
    """Share of the sounds that are no digit, by kind."""


def measure(job: Job) -> Iterator[Rejected]:
    """Train a fold's net with and without the class of other sounds, and compare scores.

    The validation part finds each score's threshold, and the sounds beside it choose among them;
    the fold's digits and the sounds that are told of do neither.
    """
    chosen_by, told = foreign(job.recipe, _CHOOSING), foreign(job.recipe, _TELLING)
    for name, scores in _scores(job):
        limit = _limit(scores(job.validation.vectors))
        validated = {kind: _above(scores(each), limit) for kind, each in chosen_by.items()}
        yield Rejected(
            name,
            float(np.mean(list(validated.values()))),
            _above(scores(job.test.vectors), limit),
            {kind: _above(scores(each), limit) for kind, each in told.items()},
        )


def new_voices(jobs: Iterable[Job]) -> Rejected:
    """What the confidence of the net as it is used rejects, on voices it never heard.

    Each job's threshold is found on its validation part, which is by voices that it knows.
    """
    rejected = list(map(_confident, jobs))
    kinds = rejected[0].shares
    return Rejected(
        CONFIDENCE,
        float(np.mean([each.validated for each in rejected])),
        float(np.mean([each.digits for each in rejected])),
        {kind: float(np.mean([each.shares[kind] for each in rejected])) for kind in kinds},
    )


def _confident(job: Job) -> Rejected:
    net = _fitted(job.recipe, job.train, job)
    limit = _limit(1 - _digits(net, job.validation.vectors))
    shares = [
        {kind: _above(1 - _digits(net, each), limit) for kind, each in sounds.items()}
        for sounds in (foreign(job.recipe, _CHOOSING), foreign(job.recipe, _TELLING))
    ]
    digits = _above(1 - _digits(net, job.test.vectors), limit)
    return Rejected(CONFIDENCE, float(np.mean(list(shares[0].values()))), digits, shares[1])


def _limit(scores: NDArray[np.float32]) -> float:
    return float(np.quantile(scores, 1 - FALSE_REJECTIONS))


def _above(scores: NDArray[np.float32], limit: float) -> float:
    return float((scores > limit).mean())


def _scores(job: Job) -> Iterator[tuple[str, Any]]:
    bare = replace(job.recipe, others=0)
    spoken = job.train.where(job.train.digits < DIGITS)
    net = _fitted(bare, spoken, job)
    yield "1 - highest probability", lambda v: 1 - everything(net, v).max(axis=1)
    yield "energy of the logits", lambda v: -_energy(net, v)
    centres = _centres(net, spoken.vectors, spoken.digits)
    yield "distance to the class means", lambda v: _distance(_inner(net, v), centres)
    wary = _fitted(job.recipe, job.train, job)
    yield CONFIDENCE, lambda v: 1 - _digits(wary, v)
    yield "probability of `other`", lambda v: everything(wary, v)[:, OTHER]


def _fitted(recipe: Recipe, train: Any, job: Job) -> Any:
    return fit(recipe, train, job.validation, seed=job.seed).model


def _digits(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(everything(model, vectors)[:, :DIGITS].max(axis=1))


def _inner(model: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the layer of the logits is given, the mean of all throats."""
    inner = keras().Model(model.inputs[0], model.get_layer(LAST).input)
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


@cache
def foreign(recipe: Recipe, seed: int) -> dict[str, NDArray[np.float32]]:
    """Vectors of sounds that are no digit, by kind."""
    quiet = wordless(_WORDLESS, seed)
    kinds = ("silence", "noise", "knocks", "hum", "melody", "siren")
    sounds = {kind: quiet[place :: len(kinds)] for place, kind in enumerate(kinds)}
    sounds["other words"] = list(_words(WORDS[seed % 2 :: 2], seed))
    extractor = front_end(recipe.front_end)
    return {kind: extractor.extract(each) for kind, each in sounds.items()}


def _words(words: Sequence[str], seed: int) -> Iterator[Sound]:
    with TemporaryDirectory() as folder:
        said = {word: word for word in words}
        synthesis.synthesise(Path(folder), speakers=_VOICES, takes=1, seed=seed, words=said)
        for path in sorted(Path(folder).rglob("*.wav")):
            yield record(path, _LIMITS).sound
