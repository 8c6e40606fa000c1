"""The command that takes away all that is known of a speaker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.app import app, note
from earmark.wording import counted

if TYPE_CHECKING:
    from earmark.admin.forget_speaker import Place, Voice


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
        f"forgotten: {counted(gone.records, 'record')}, {counted(gone.vectors, 'vector')}, "
        f"{counted(gone.labels, 'label')}, {counted(gone.views, 'view')}, "
        f"{counted(gone.files, 'file')}"
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
        f"{voice.speaker}: {counted(len(voice.clips), 'clip')} ({deleted} their files), of "
        f"{counted(len(voice.digests), 'content')}, {len(voice.shared):,} shared with other "
        f"speakers; models trained on the voice: {trained}"
    )


def _train_without(voice: Voice) -> None:
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings

    for version in voice.models:
        note(f"model {version} was trained on the voice, and stays until it is pruned or deleted")
    if voice.digests:
        Sender(Settings.load()).train(recipe=None, force=False, asked_by="forget")
        note("a training without the voice is queued; `earmark status` tells how it ends")


def _place() -> Place:
    from earmark.admin.forget_speaker import Place
    from earmark.model.registry import Registry
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    store = Store.at(settings.store_url)
    return Place(store, Registry.of(settings), settings.inbox.resolve(), settings.data)
