"""Commands about the published models."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from earmark.cli.app import AsJson, app, note, print_json, print_table, say

models = typer.Typer(help="List, show, promote and roll back models.", no_args_is_help=True)
app.add_typer(models, name="models")


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
    for line in (folder / "MODEL_CARD.md").read_text(encoding="utf-8").splitlines():
        say(line)
    say()
    for picture in sorted(folder.glob("*.png")):
        say(f"picture: {picture}")


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

    return Registry.of(Settings.load())
