"""Cross-validate a recipe on a folder of named clips, without a server.

python -m trainer.crossval DIR --recipe notebook --by speaker --json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark import dataset
from earmark.audio import Limits
from earmark.errors import EarmarkError
from earmark.features import front_end
from earmark.settings import Settings
from trainer.evaluation import Score, confusion
from trainer.feeding import Samples
from trainer.fitting import fit, probabilities
from trainer.folds import By, Fold, cut
from trainer.recipes import RECIPES, Recipe, recipe
from trainer.splits import Side, side_of_digest

if TYPE_CHECKING:
    import pandas as pd

FAILURE = 1


@dataclass(frozen=True, slots=True)
class Tested:
    """One fold, trained and tested."""

    fold: str
    seed: int
    truth: NDArray[np.int64]
    heard: NDArray[np.int64]
    seconds: float

    @property
    def score(self) -> Score:
        return Score.of(self.truth == self.heard)

    def as_json(self) -> dict[str, Any]:
        told = {"fold": self.fold, "seed": self.seed, "seconds": round(self.seconds, 2)}
        return told | self.score.as_json()


@dataclass(frozen=True, slots=True)
class Job:
    """What a process needs to train and test one fold."""

    fold: str
    seed: int
    recipe: Recipe
    train: Samples
    validation: Samples
    test: Samples

    def run(self) -> Tested:
        fitted = fit(self.recipe, self.train, self.validation, seed=self.seed)
        heard = probabilities(fitted.model, self.test.vectors).argmax(axis=1)
        return Tested(self.fold, self.seed, self.test.digits, heard, fitted.seconds)


def crossval(
    table: pd.DataFrame, recipe: Recipe, by: By, *, seeds: int = 1, jobs: int = 1
) -> Iterator[Tested]:
    """Train and test each fold, as often as there are seeds.

    Parameters
    ----------
    table
        As `earmark.dataset.COLUMNS`, with the vectors of the recipe's front end.
    jobs
        Processes; 1 works in this one.

    Raises
    ------
    NotEnoughClips
        When there are too few clips or speakers.
    """
    work = [job for seed in range(seeds) for job in jobs_of(table, recipe, by, seed=seed)]
    if jobs == 1:
        yield from (job.run() for job in work)
        return
    # Spawned, not forked: TensorFlow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(work)), mp_context=context) as pool:
        yield from pool.map(Job.run, work)


def jobs_of(table: pd.DataFrame, recipe: Recipe, by: By, *, seed: int) -> Iterator[Job]:
    """One job a fold; a validation part is cut from the training side alone."""
    share = recipe.validation_share
    validates = np.array(
        [
            side_of_digest(digest, share, test_share=0) is Side.VALIDATION
            for digest in table["digest"]
        ]
    )
    for fold in cut(table, by, seed=seed):
        tested = _mask(fold, len(table))
        yield Job(
            fold.name,
            seed,
            recipe,
            train=Samples.of(table[~tested & ~validates]),
            validation=Samples.of(table[~tested & validates]),
            test=Samples.of(table[tested]),
        )


def summary(tested: Sequence[Tested]) -> dict[str, Any]:
    """Mean and per-fold accuracy, the pooled score and the pooled confusion matrix."""
    truth = np.concatenate([one.truth for one in tested])
    heard = np.concatenate([one.heard for one in tested])
    accuracies = [one.score.accuracy for one in tested]
    return {
        "mean": round(float(np.mean(accuracies)), 4),
        "spread": round(float(np.std(accuracies)), 4),
        "pooled": Score.of(truth == heard).as_json(),
        "folds": [one.as_json() for one in tested],
        "confusion": confusion(truth, heard).tolist(),
        "fit_seconds": round(sum(one.seconds for one in tested), 2),
    }


def as_text(answer: dict[str, Any]) -> str:
    """The summary as a plain table."""
    title = "{recipe} ({front_end}), by {by}: {clips} clips, {speakers} speakers".format(**answer)
    rows = [
        "{fold:<24} {seed:>4} {accuracy:>9.4f} {correct:>6} of {clips:<6} {seconds:>6.1f} s".format(
            **fold
        )
        for fold in answer["folds"]
    ]
    head = f"{'fold':<24} {'seed':>4} {'accuracy':>9} {'right':>6}"
    matrix = [
        f"{digit:>4} |" + "".join(f"{count:>5}" for count in row)
        for digit, row in enumerate(answer["confusion"])
    ]
    return "\n".join(
        [
            title,
            "",
            head,
            *rows,
            "",
            f"mean {answer['mean']:.4f}, standard deviation of the folds {answer['spread']:.4f}",
            "",
            "true digit by heard digit",
            "      " + "".join(f"{digit:>5}" for digit in range(10)),
            *matrix,
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Cross-validate as the command line says; the answer alone goes to the standard output."""
    asked = _parser().parse_args(arguments)
    try:
        answer = _answer(asked, Settings.load().limits)
    except EarmarkError as error:
        print(f"crossval: {error}", file=sys.stderr)
        return FAILURE
    print(json.dumps(answer) if asked.json else as_text(answer))
    return 0


def _answer(asked: argparse.Namespace, limits: Limits) -> dict[str, Any]:
    started = time.monotonic()
    chosen, by = recipe(asked.recipe), By(asked.by)
    extractor = front_end(chosen.front_end)
    with _bar("extract", "clip") as bar:
        table = dataset.from_folder(
            asked.folder, extractor, limits, jobs=asked.jobs, progress=bar.update
        )
    work = crossval(table, chosen, by, seeds=asked.seeds, jobs=asked.jobs)
    tested = list(_watched(work))
    return {
        "recipe": chosen.name,
        "front_end": extractor.name,
        "by": by.value,
        "seeds": asked.seeds,
        "clips": len(table),
        "speakers": int(table["speaker"].nunique()),
        **summary(tested),
        "seconds": round(time.monotonic() - started, 2),
    }


def _watched(work: Iterable[Tested]) -> Iterator[Tested]:
    with _bar("train", "fold") as bar:
        for one in work:
            bar.set_postfix_str(f"{one.fold}: {one.score.accuracy:.3f}")
            bar.update()
            yield one


def _mask(fold: Fold, clips: int) -> NDArray[np.bool_]:
    mask = np.zeros(clips, dtype=bool)
    mask[fold.test] = True
    return mask


def _bar(verb: str, unit: str) -> Any:
    from tqdm import tqdm

    return tqdm(desc=verb, unit=unit, file=sys.stderr, leave=False, disable=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="earmark crossval",
        description="Cross-validate a recipe on a folder of {digit}_{speaker}_{take}.wav.",
        epilog="Example: earmark crossval recordings --recipe notebook --by speaker --json",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="searched with its subfolders")
    parser.add_argument("--recipe", default="scaled", choices=sorted(RECIPES))
    parser.add_argument(
        "--by",
        default=By.SPEAKER.value,
        choices=[by.value for by in By],
        help="clip: four random folds; speaker: voices that were never heard (up to ten folds); "
        "official: takes 0 to 4 of every speaker are tested",
    )
    parser.add_argument("--seeds", type=_count, default=1, metavar="N", help="repeat with N seeds")
    parser.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return count


if __name__ == "__main__":
    sys.exit(main())
