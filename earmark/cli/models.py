"""Commands about training and models."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from earmark.cli.app import AsJson, app, note, print_json, print_table

models = typer.Typer(help="List, show, promote and roll back models.", no_args_is_help=True)
app.add_typer(models, name="models")


@app.command()
def train(
    recipe: Annotated[str | None, typer.Option(help="Default: EARMARK_RECIPE.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress, end with it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Train even if nothing changed since the last time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train now; publishes only what is not worse than the live model.

    Example: earmark train --wait
    """
    from earmark.admin.request_training import ask, follow
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    store = Store.at(settings.store_url)
    asked = ask(store, Sender(settings), recipe=recipe, force=force)
    if not wait:
        note("a training is asked for; `earmark status` shows how far it is")
        return
    result = follow(store, asked, time.time)
    if as_json:
        print_json(result)
    else:
        print(result["reason"])
        if cached := result.get("cache_bytes"):
            print(f"views of the clips take {cached / 1e6:,.0f} MB of disk, for the next training")
    sys.exit(0 if result["outcome"] != "failed" else 1)


@app.command()
def crossval(  # noqa: PLR0917 - one argument for each option
    folder: Annotated[Path, typer.Argument(help="Wavs named {digit}_{speaker}_{take}.wav.")],
    recipe: Annotated[str | None, typer.Option(help="Default: EARMARK_RECIPE.")] = None,
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
    import os

    from earmark.services.processes import environment, run
    from earmark.settings import Settings

    arguments = [str(folder), "--recipe", recipe or Settings.load().recipe, "--by", by]
    arguments += ["--seeds", str(seeds), "--jobs", str(jobs)]
    arguments += [] if speakers is None else ["--speakers", str(speakers)]
    arguments += [] if synthetic is None else ["--synthetic", str(synthetic)]
    arguments += ["--json"] if as_json else []
    threads = {"OMP_NUM_THREADS": str(os.cpu_count() or 1)}
    run([sys.executable, "-m", "trainer.offline.crossval_cli", *arguments], environment() | threads)


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List all versions, oldest first.

    Example: earmark models list
    """
    registry = _registry()
    live = registry.live()
    rows = [_row(registry.card(version), live) for version in registry.promotable()]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ("version", "live", "recipe", "clips", "known_voices", "new_voices"))


@models.command()
def show(
    version: Annotated[str | None, typer.Argument(help="Default: the live one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a model's card, and where its pictures are.

    Example: earmark models show
    """
    registry = _registry()
    version = version or registry.live()
    if as_json:
        print_json(registry.card(version))
        return
    folder = registry.path(version)
    print((folder / "MODEL_CARD.md").read_text())
    for picture in sorted(folder.glob("*.png")):
        print(f"picture: {picture}")


@models.command()
def record(as_json: AsJson = False) -> None:
    """Tell how often each model was right, day by day, on clips that it was not trained on.

    Example: earmark models record
    """
    from earmark.analysis.live_accuracy import by_day
    from earmark.settings import Settings
    from earmark.store import Store

    store = Store.at(Settings.load().store_url)
    rows = [day.as_json() for day in by_day(store.clips.all_records())]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ("date", "model", "clips", "right", "accuracy"))


@models.command()
def promote(version: str) -> None:
    """Make a version the live one.

    Example: earmark models promote 20261123-041500-3f9a
    """
    _make_live(version)


@models.command()
def rollback() -> None:
    """Make the version before the live one the live one.

    Example: earmark models rollback
    """
    registry = _registry()
    _make_live(registry.before(registry.live()))


def _make_live(version: str) -> None:
    from earmark.admin.promote import succeed
    from earmark.errors import EarmarkError
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings
    from earmark.store import Store

    registry, settings = _registry(), Settings.load()
    registry.promote(version)
    note(f"{version} is live in {registry.folder}")
    try:
        store = Store.at(settings.store_url)
        succeed(store, Sender(settings), registry.artefact(version))
    except EarmarkError as error:
        note(f"workers will hear of it when the trainer starts: {error}")


def _row(card: dict[str, Any], live: str) -> dict[str, Any]:
    metrics = card["metrics"]
    return {
        "version": card["version"],
        "live": "*" if card["version"] == live else "",
        "recipe": card["recipe"]["name"],
        "clips": card["data"]["clips"],
        "known_voices": (metrics["known_voices"] or {}).get("accuracy"),
        "new_voices": (metrics["new_voices"] or {}).get("accuracy"),
    }


def _registry() -> Any:
    from earmark.model.registry import Registry
    from earmark.settings import Settings

    return Registry(Settings.load().models)
