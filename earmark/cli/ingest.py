"""The command that brings clips into the inbox."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.app import AsJson, app, print_json, say
from earmark.cli.output import (
    bar,
    end,
    ingested_line,
    note_refused,
    reasons,
    tracked,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earmark.clips import Revision
    from earmark.inbox.ingest import Ingested
    from earmark.settings import Settings
    from earmark.store import Store


@app.command()
def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Folders, wav files, zips, or a labels.csv."),
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Until all are labelled.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring clips into the inbox, as hard links where that can be, else as copies.

    What lies in a folder or a zip keeps its path below it, as if it were copied with
    `cp -r FOLDER/. inbox/`. Nothing is overwritten: the same content is left as it is, other
    content of the same name is refused. A labels.csv (path, digit, speaker, by, at) at the top of
    a folder or a zip tells what is spoken in its clips. Exit code 1 when anything was refused.

    Example: earmark ingest recordings audiomnist.zip --wait
    """
    from earmark.annotations.import_labels import tell
    from earmark.inbox.ingest import ingest as bring
    from earmark.settings import Settings

    settings = Settings.load()
    store = _store(settings) if wait else _store_if_there(settings)
    result = bring(
        paths,
        settings.inbox,
        settings.limits,
        tell=lambda lines: tell(lines, settings.labels_file, store.clips if store else None),
        discovery=settings.discovery,
        track=tracked("ingesting"),
    )
    seen = _ingested(result)
    if wait and store:
        seen["states"] = _wait(store, result.clips)
    if as_json:
        print_json(seen)
    else:
        note_refused(result.refused)
        say(ingested_line(seen, settings.inbox))
    end(result.refused)


def _ingested(result: Ingested) -> dict[str, Any]:
    from earmark.files import Placed

    placed = (Placed.LINKED, Placed.COPIED, Placed.ALREADY)
    return {
        **{str(how): result.counts.get(how, 0) for how in placed},
        "refused": reasons(result.refused),
        "labels": result.told,
    }


def _wait(store: Store, clips: Mapping[str, Revision]) -> dict[str, int]:
    from earmark.inbox.wait import Clock, wait_until_settled

    with bar(len(clips), "labelling") as progress:
        ended = wait_until_settled(store, clips, Clock(time.time, time.sleep), progress)
    return {str(state): count for state, count in ended.items()}


def _store(settings: Settings) -> Store:
    from earmark.store import Store

    return Store.at(settings.store_url)


def _store_if_there(settings: Settings) -> Store | None:
    from earmark.errors import NotRunning

    try:
        return _store(settings)
    except NotRunning:
        return None
