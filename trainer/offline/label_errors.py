"""Clips whose truth may be wrong: nets that were not trained on them are sure of another digit.

python -m trainer.offline.label_errors [DIR] --json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.datasets.table import from_folder, some_from_store
from earmark.errors import EarmarkError
from earmark.frontends import front_end
from earmark.settings import Settings
from earmark.terminal import note, print_json, run, say
from earmark.wording import counted
from trainer.data.folds import By, cut
from trainer.data.material import Material
from trainer.offline.crossvalidate import Tested, crossval
from trainer.recipes import recipe

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.9
"""From this confidence on a disagreement is suspect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A clip that is told to be one digit and heard as another."""

    path: str
    told: int
    heard: int
    confidence: float


def suspects(table: pd.DataFrame, tested: Sequence[Tested], *, seed: int) -> Iterator[Suspect]:
    """The disagreements of a cross-validation by clip, the surest first.

    Parameters
    ----------
    table
        What was cross-validated.
    tested
        The folds in their order, of one seed.
    """
    found = []
    for fold, one in zip(cut(table, By.CLIP, seed=seed), tested, strict=True):
        confidence = one.said.max(axis=1)
        rows = sorted(fold.test)
        for place, row in enumerate(rows):
            if one.heard[place] != one.truth[place] and confidence[place] >= CONFIDENCE:
                found.append(
                    Suspect(
                        path=table["path"][row],
                        told=int(one.truth[place]),
                        heard=int(one.heard[place]),
                        confidence=round(float(confidence[place]), 4),
                    )
                )
    yield from sorted(found, key=lambda each: (-each.confidence, each.path))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the suspects of a folder, or of the store."""
    parser = argparse.ArgumentParser(prog="earmark dataset suspects", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    try:
        found = list(_found(asked.folder, Settings.load()))
    except EarmarkError as error:
        note(f"suspects: {error}")
        return 1
    if asked.json:
        print_json([asdict(each) for each in found])
        return 0
    for each in found:
        say(f"{each.path}: told {each.told}, heard {each.heard} ({each.confidence:.2f})")
    say(f"{counted(len(found), 'suspect')}; listen, and correct with `earmark clips correct`")
    return 0


def _found(folder: Path | None, settings: Settings) -> Iterator[Suspect]:
    chosen = recipe(settings.recipe)
    table, material = _read(folder, settings)
    cut(table, By.CLIP, seed=0)  # too few clips are refused before voices are made for them
    additions = material.additions(chosen, settings.synthetic_voices)
    samples = material.samples(chosen, table)
    work = crossval(table, chosen, By.CLIP, samples=samples, additions=additions)
    yield from suspects(table, list(work), seed=0)


def _read(folder: Path | None, settings: Settings) -> tuple[pd.DataFrame, Material]:
    extractor = front_end(recipe(settings.recipe).front_end)
    if folder is not None:
        table = from_folder(folder, extractor, settings.limits, discovery=settings.discovery)
        return table, Material.of_folder(settings)
    from earmark.store import Store

    store = Store.at(settings.store_url)
    return some_from_store(store, extractor).table, Material.of_store(settings, store)


if __name__ == "__main__":
    run("suspects", main)
