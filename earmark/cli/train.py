"""Commands that train: now, or on a folder of one's own."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, note, print_json, say
from earmark.recipe_names import RecipeName

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASKED = "a training is asked for; `earmark status` shows how far it is"
_EXIT_CODES = {"asked": 0, "published": 0, "unchanged": 0, "failed": 1, "refused": 3}
"""By outcome; 2 is a mistake in the command or in a setting."""


@app.command()
def train(
    recipe: Annotated[RecipeName | None, typer.Option(help="Default: EARMARK_RECIPE.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress, end with it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Train even if nothing changed since the last time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train now; publishes only what is not worse than the live model.

    Exit code with --wait: 0 when a model was published or nothing has changed, 1 when the training
    failed, 3 when the model was refused.

    Example: earmark train --wait
    """
    from earmark.errors import EarmarkError

    try:
        result = _trained(recipe, force=force, wait=wait)
    except EarmarkError as error:
        if as_json:
            print_json({"outcome": "failed", "reason": str(error)})
        raise
    if as_json:
        print_json(result)
    else:
        _tell(result)
    sys.exit(_EXIT_CODES[result["outcome"]])


def _trained(recipe: RecipeName | None, *, force: bool, wait: bool) -> Mapping[str, Any]:
    """How the training ended, or that it is asked for."""
    from earmark.admin.request_training import ask, follow
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    store = Store.at(settings.store_url)
    asked = ask(store, Sender(settings), recipe=recipe, force=force)
    if wait:
        return follow(store, asked, time.time)
    return {"outcome": "asked", "reason": _ASKED, "request": asked.request}


def _tell(result: Mapping[str, Any]) -> None:
    if result["outcome"] == "asked":
        note(result["reason"])
        return
    say(result["reason"])
    if cached := result.get("cache_bytes"):
        say(f"views of the clips take {cached / 1e6:,.0f} MB of disk, for the next training")


@app.command()
def crossval(  # noqa: PLR0917 - one argument for each option
    folder: Annotated[Path, typer.Argument(help="Wavs named {digit}_{speaker}_{take}.wav.")],
    recipe: Annotated[RecipeName | None, typer.Option(help="Default: EARMARK_RECIPE.")] = None,
    by: Annotated[
        str,
        typer.Option(
            help="clip: random quarters; speaker: new voices; official: takes 0 to 4 are tested; "
            "synthetic: no recording is trained on, all are tested."
        ),
    ] = "clip",
    seeds: Annotated[int, typer.Option(min=1, help="Repeat with so many seeds.")] = 1,
    speakers: Annotated[
        int | None, typer.Option(min=1, help="Train on at most so many of the other speakers.")
    ] = None,
    synthetic: Annotated[
        int | None,
        typer.Option(min=0, help="Synthetic voices; default: EARMARK_SYNTHETIC_VOICES."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that extract.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train and evaluate on a folder; needs no server, publishes nothing.

    Example: earmark crossval recordings --recipe notebook --by speaker
    """
    from earmark.environment.cores import usable_cores
    from earmark.services.processes import environment, run
    from earmark.settings import Settings

    arguments = [str(folder), "--recipe", recipe or Settings.load().recipe, "--by", by]
    arguments += ["--seeds", str(seeds), "--jobs", str(jobs)]
    arguments += [] if speakers is None else ["--speakers", str(speakers)]
    arguments += [] if synthetic is None else ["--synthetic", str(synthetic)]
    arguments += ["--json"] if as_json else []
    threads = {"OMP_NUM_THREADS": str(usable_cores())}
    run([sys.executable, "-m", "trainer.offline.crossval_cli", *arguments], environment() | threads)
