"""Commands that keep and take away: backup, restore, forget."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.app import AsJson, app, note, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earmark.admin.backup import House
    from earmark.admin.forget_speaker import Place, Voice


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Is written anew.")],
    as_json: AsJson = False,
) -> None:
    """Write all that Earmark knows into one file, while it runs.

    Records, vectors, corrections, labels.csv and models; not the recordings, which lie in the
    inbox. The file is a tar.gz that only you can read.

    Example: earmark backup earmark-2026-11-23.tar.gz
    """
    from earmark.admin.backup import back_up

    counts = back_up(_house(), file, datetime.now(UTC))
    _tell(counts, f"are in {file}", as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `earmark backup` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Bring a backup back, while Earmark runs: what is missing is added, nothing is overwritten.

    A clip's record comes back where the store knows nothing of the clip or has not heard the same
    revision yet; of what was said about a clip the newest word wins; models and the pointer to
    the live one come back where there are none. What was forgotten stays forgotten. The whole
    file is checked first.

    Example: earmark restore earmark-2026-11-23.tar.gz
    """
    from earmark.admin.restore import restore as bring_back

    counts = bring_back(_house(), file, datetime.now(UTC))
    _tell(counts, f"came back from {file}", as_json)


@app.command()
def forget(
    speaker: Annotated[str, typer.Argument(help="As `earmark dataset` names the speaker.")],
    files: Annotated[bool, typer.Option("--files", help="Delete the recordings, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take away all that is known of a speaker: records, vectors, views and labels.

    Names the models that were trained on the voice, and asks for a training without it. Without
    --files the recordings stay in the inbox, and are not heard again as long as they do not
    change.

    Example: earmark forget theo --files
    """
    from earmark.admin.forget_speaker import forget as take_away
    from earmark.admin.forget_speaker import survey

    place = _place()
    voice = survey(place, speaker)
    note(_surveyed(voice, files))
    if not yes:
        typer.confirm("Forget it?", abort=True)
    gone = take_away(place, voice, files=files, now=datetime.now(UTC))
    note(
        f"forgotten: {gone.records:,} records, {gone.vectors:,} vectors, {gone.labels:,} labels, "
        f"{gone.views:,} views, {gone.files:,} files"
    )
    for path in gone.kept_files:
        note(f"this file could not be deleted: {path}")
    if not gone.log_rewritten:
        note("what was deleted stands in the store's log until it is rewritten: BGREWRITEAOF")
    note("backups that were made before still hold the voice")
    _train_without(voice)


def _surveyed(voice: Voice, files: bool) -> str:
    deleted = "with" if files else "without"
    trained = ", ".join(voice.models) or "none"
    return (
        f"{voice.speaker}: {len(voice.clips):,} clips ({deleted} their files), of "
        f"{len(voice.digests):,} contents, {len(voice.shared):,} shared with other speakers; "
        f"models trained on the voice: {trained}"
    )


def _train_without(voice: Voice) -> None:
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings

    for version in voice.models:
        note(f"model {version} was trained on the voice, and stays until it is pruned or deleted")
    if voice.digests:
        Sender(Settings.load()).train(recipe=None, force=False, asked_by="forget")
        note("a training without the voice is queued; `earmark status` tells how it ends")


def _tell(counts: Mapping[str, int], what: str, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    else:
        print(", ".join(f"{count:,} {name}" for name, count in counts.items()) + f" {what}")


def _house() -> House:
    from earmark.admin.backup import House
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    return House(Store.at(settings.store_url), settings.data, settings.models)


def _place() -> Place:
    from earmark.admin.forget_speaker import Place
    from earmark.model.registry import Registry
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    store = Store.at(settings.store_url)
    return Place(store, Registry(settings.models), settings.inbox.resolve(), settings.data)
