"""Train a model from a folder of named clips, without a server.

python -m trainer.offline.train_folder recordings --models models --source "whose, which licence"
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.datasets.table import from_folder
from earmark.errors import EarmarkError
from earmark.frontends import front_end
from earmark.model.registry import Registry
from earmark.settings import Settings
from earmark.terminal import note, run, say
from trainer.data.material import Material
from trainer.evaluate.challenger import Terms
from trainer.net.fit import Epoch
from trainer.pipeline import PUBLISHED, Result, train
from trainer.recipes import RECIPES, TIME, recipe

if TYPE_CHECKING:
    from tqdm import tqdm

NOT_PUBLISHED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and publish as the command line says, on the terms of the settings."""
    asked = _parser().parse_args(arguments)
    try:
        result = _train(asked, Settings.load())
    except EarmarkError as error:
        note(f"train_folder: {error}")
        return NOT_PUBLISHED
    say(f"{result.version or 'no new model'}: {result.reason}")
    say(f"views of the clips take {result.cache_bytes / 1e6:,.0f} MB of disk")
    return 0 if result.outcome == PUBLISHED else NOT_PUBLISHED


def _train(asked: argparse.Namespace, settings: Settings) -> Result:
    from tqdm import tqdm

    chosen = recipe(asked.recipe)
    with tqdm(desc="extract", unit="clip", leave=False, disable=None) as bar:
        table = from_folder(
            asked.folder,
            front_end(chosen.front_end),
            settings.limits,
            discovery=settings.discovery,
            progress=bar.update,
        )
    with tqdm(desc="train", unit="epoch", total=chosen.epochs, leave=False, disable=None) as bar:
        return train(
            table,
            recipe=chosen,
            # Only this folder's own models: the one that is shipped is no champion here.
            registry=Registry(asked.models, shipped=asked.models),
            terms=replace(Terms.of(settings), source=asked.source),
            now=datetime.now(UTC),
            material=Material.of_folder(settings),
            progress=lambda epoch: _show(bar, epoch),
        )


def _show(bar: tqdm[Any], epoch: Epoch) -> None:
    bar.set_postfix(loss=f"{epoch.loss:.3f}", accuracy=f"{epoch.accuracy:.3f}")
    bar.update()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.offline.train_folder", description=__doc__
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="searched with its subfolders")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where to publish")
    parser.add_argument("--recipe", default=TIME.name, choices=sorted(RECIPES))
    parser.add_argument("--source", required=True, help="whose clips these are, which licence")
    return parser


if __name__ == "__main__":
    run("train_folder", main)
