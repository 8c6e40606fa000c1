"""Cross-validate a recipe on a folder of named clips, without a server.

python -m trainer.offline.crossval_cli DIR --recipe notebook --by speaker --json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.datasets.table import from_folder, named_wavs
from earmark.errors import EarmarkError
from earmark.frontends import front_end
from earmark.settings import Settings
from earmark.terminal import note, print_json, printable, run, say
from trainer.data.folds import By, cut
from trainer.data.material import Material
from trainer.data.samples import Samples
from trainer.net.tensorflow import insist_on_tensorflow
from trainer.offline.crossval_text import as_text
from trainer.offline.crossvalidate import Tested, crossval, summary
from trainer.recipes import RECIPES, TIME, Recipe, recipe

if TYPE_CHECKING:
    import pandas as pd

FAILURE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Cross-validate as the command line says; the answer alone goes to the standard output."""
    asked = _parser().parse_args(arguments)
    try:
        answer = _answer(asked, Settings.load())
    except EarmarkError as error:
        note(f"crossval: {error}")
        return FAILURE
    if asked.json:
        print_json(answer)
        return 0
    for line in as_text(answer):
        say(line)
    return 0


def _answer(asked: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    insist_on_tensorflow()
    started = time.monotonic()
    chosen, by = recipe(asked.recipe), By(asked.by)
    table, samples = read(asked.folder, chosen, settings, jobs=asked.jobs)
    voices = settings.synthetic_voices if asked.synthetic is None else asked.synthetic
    additions = Material.of_folder(settings).additions(chosen, voices)
    work = crossval(
        table,
        chosen,
        by,
        seeds=asked.seeds,
        jobs=asked.jobs,
        samples=samples,
        additions=additions,
        speakers=asked.speakers,
    )
    folds = sum(1 for seed in range(asked.seeds) for _ in cut(table, by, seed=seed))
    tested = list(_watched(work, folds))
    return {
        "recipe": chosen.name,
        "front_end": chosen.front_end,
        "by": by.value,
        "seeds": asked.seeds,
        "clips": len(table),
        "speakers": int(table["speaker"].nunique()),
        "synthetic": additions.as_json(),
        **summary(tested),
        "seconds": round(time.monotonic() - started, 2),
    }


def read(
    folder: Path, recipe: Recipe, settings: Settings, *, jobs: int = 1
) -> tuple[pd.DataFrame, Samples]:
    """The clips of a folder as a table, and with the views that a recipe wants.

    Raises
    ------
    NotEnoughClips
        When no name below the folder tells a digit.
    """
    with _bar("extract", "clip", len(named_wavs(folder, settings.discovery))) as bar:
        table = from_folder(
            folder,
            front_end(recipe.front_end),
            settings.limits,
            discovery=settings.discovery,
            jobs=jobs,
            progress=bar.update,
        )
    with _bar("augment", "clip", len(table)) as bar:
        material = Material.of_folder(settings)
        return table, material.samples(recipe, table, progress=bar.update)


def _watched(work: Iterable[Tested], folds: int) -> Iterator[Tested]:
    with _bar("train", "fold", folds) as bar:
        for one in work:
            bar.set_postfix_str(printable(f"{one.fold}: {one.score.accuracy:.3f}"))
            bar.update()
            yield one


def _bar(verb: str, unit: str, total: int) -> Any:
    from tqdm import tqdm

    return tqdm(desc=verb, unit=unit, total=total, file=sys.stderr, leave=False, disable=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="earmark crossval",
        description="Cross-validate a recipe on a folder of {digit}_{speaker}_{take}.wav.",
        epilog="Example: earmark crossval recordings --recipe notebook --by speaker --json",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="searched with its subfolders")
    parser.add_argument("--recipe", default=TIME.name, choices=sorted(RECIPES))
    parser.add_argument(
        "--by",
        default=By.SPEAKER.value,
        choices=[by.value for by in By],
        help="clip: four random folds; speaker: voices that were never heard (up to ten folds); "
        "official: takes 0 to 4 of every speaker are tested; synthetic: no recording is trained "
        "on, all are tested",
    )
    parser.add_argument(
        "--speakers", type=_count, metavar="N", help="train on at most N of the other speakers"
    )
    parser.add_argument(
        "--synthetic", type=int, metavar="N", help="synthetic voices; EARMARK_SYNTHETIC_VOICES"
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
    run("crossval", main)
