"""Train and test the folds of a table, each without what it tests."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark.environment.shared_memory import require_semaphores
from trainer.data.folds import By, Fold, cut
from trainer.data.samples import Samples
from trainer.data.splits import Side, side_of_digest
from trainer.data.synthetic_voices import NOTHING, Additions
from trainer.evaluate.calibration import fold_in, reliability, temperature
from trainer.evaluate.metrics import Score, confusion, report, report_text
from trainer.net.architecture import Layer, layers_of
from trainer.net.fit import History, fit, probabilities
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Tested:
    """One fold, trained and tested."""

    fold: str
    seed: int
    truth: NDArray[np.int64]
    said: NDArray[np.float32]
    """Probability of each digit, of shape (clips, 10)."""
    speakers: int
    """Named speakers that were trained on."""
    seconds: float
    history: History
    """Loss and accuracy, epoch by epoch."""
    layers: tuple[Layer, ...]
    """Those of the net that answered."""

    @property
    def heard(self) -> NDArray[np.int64]:
        return np.asarray(self.said.argmax(axis=1), np.int64)

    @property
    def score(self) -> Score:
        return Score.of(self.truth == self.heard)

    def as_json(self) -> dict[str, Any]:
        told = {"fold": self.fold, "seed": self.seed, "seconds": round(self.seconds, 2)}
        more = {"trained_speakers": self.speakers, "history": self.history.as_json()}
        return told | self.score.as_json() | more


@dataclass(frozen=True, slots=True)
class Job:
    """What a process needs to train and test one fold."""

    fold: str
    seed: int
    recipe: Recipe
    train: Samples
    validation: Samples
    test: Samples
    speakers: int = 0

    def run(self) -> Tested:
        fitted = fit(self.recipe, self.train, self.validation, seed=self.seed)
        if self.recipe.calibrate:
            fold_in(fitted.model, temperature(fitted.model, self.validation))
        said = probabilities(fitted.model, self.test.vectors)
        return Tested(
            self.fold,
            self.seed,
            self.test.digits,
            said,
            self.speakers,
            fitted.seconds,
            fitted.history,
            layers_of(fitted.model),
        )


def crossval(
    table: pd.DataFrame,
    recipe: Recipe,
    by: By,
    *,
    seeds: int = 1,
    jobs: int = 1,
    samples: Samples | None = None,
    additions: Additions = NOTHING,
    speakers: int | None = None,
) -> Iterator[Tested]:
    """Train and test each fold, as often as there are seeds.

    Parameters
    ----------
    table
        As `earmark.datasets.table.COLUMNS`, with the vectors of the recipe's front end.
    jobs
        Processes; 1 works in this one.
    samples
        The same clips with their views, in the same order, for recipes that augment.
    additions
        What joins each training side, and no other.
    speakers
        Train on at most so many of the speakers that are not tested, chosen by the seed.

    Raises
    ------
    NotEnoughClips
        When there are too few clips or speakers.
    """
    work = (
        job
        for seed in range(seeds)
        for job in jobs_of(
            table,
            recipe,
            by,
            seed=seed,
            samples=samples,
            additions=additions,
            speakers=speakers,
        )
    )
    if jobs == 1:
        yield from (job.run() for job in work)
        return
    require_semaphores()
    # Spawned, not forked: TensorFlow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        # A few at a time: every job holds its own copy of the training side.
        while some := list(islice(work, jobs)):
            yield from pool.map(Job.run, some)


def jobs_of(
    table: pd.DataFrame,
    recipe: Recipe,
    by: By,
    *,
    seed: int,
    samples: Samples | None = None,
    additions: Additions = NOTHING,
    speakers: int | None = None,
) -> Iterator[Job]:
    """One job a fold; a validation part is cut from the training side alone."""
    samples = samples if samples is not None else Samples.of(table)
    share = recipe.validation_share
    validates = np.array(
        [
            side_of_digest(digest, share, test_share=0) is Side.VALIDATION
            for digest in table["digest"]
        ]
    )
    for fold in cut(table, by, seed=seed):
        tested = _mask(fold, len(table))
        kept = ~tested & _by_some(table, tested, speakers, seed)
        train = samples.where(kept & ~validates)
        yield Job(
            fold.name,
            seed,
            recipe,
            train=train.joined(additions.voices).joined(additions.others),
            validation=samples.where(kept & validates).plain,
            test=samples.where(tested).plain,
            speakers=int(table["speaker"][kept].nunique()),
        )


def _by_some(
    table: pd.DataFrame, tested: NDArray[np.bool_], speakers: int | None, seed: int
) -> NDArray[np.bool_]:
    """The clips by so many of the speakers that are not tested."""
    if speakers is None:
        return np.ones(len(table), dtype=bool)
    names = sorted(set(table["speaker"][~tested].dropna()))
    chance = np.random.default_rng([seed, int(tested.argmax())])
    chosen = set(chance.permutation(names)[:speakers].tolist())
    return np.array([name in chosen for name in table["speaker"]], dtype=bool)


def summary(tested: Sequence[Tested]) -> dict[str, Any]:
    """The net, mean and per-fold accuracy and learning curves; score, report and confusion matrix
    over the clips of all folds."""
    truth = np.concatenate([one.truth for one in tested])
    said = np.concatenate([one.said for one in tested])
    heard = said.argmax(axis=1)
    accuracies = [one.score.accuracy for one in tested]
    layers = tested[0].layers
    return {
        "net": {
            "layers": [asdict(layer) for layer in layers],
            "parameters": sum(layer.parameters for layer in layers),
        },
        "mean": round(float(np.mean(accuracies)), 4),
        "spread": round(float(np.std(accuracies)), 4),
        "pooled": Score.of(truth == heard).as_json(),
        "calibration_error": round(reliability(said, truth).error, 4),
        "folds": [one.as_json() for one in tested],
        "report": report(truth, heard),
        "report_text": report_text(truth, heard),
        "confusion": confusion(truth, heard).tolist(),
        "fit_seconds": round(sum(one.seconds for one in tested), 2),
    }


def _mask(fold: Fold, clips: int) -> NDArray[np.bool_]:
    mask = np.zeros(clips, dtype=bool)
    mask[fold.test] = True
    return mask
