"""The command that lays labelled clips into folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.app import AsJson, app, print_json, print_table, say
from earmark.cli.output import (
    end,
    note_refused,
    sorted_line,
    tracked,
)


@app.command()
def sort(
    folder: Annotated[Path, typer.Argument(metavar="DEST", help="Gets the folders 0 to 9.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy, never link.")] = False,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="Unsure clips too, in a folder of their own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Lay the labelled clips into folders, one a digit, by link or copy.

    What a person has said wins over what was heard; `none` is a folder too. Nothing is
    overwritten and nothing removed. Exit code 1 when a clip could not be laid out.

    Example: earmark sort sorted --unsure
    """
    from earmark.inbox.sort import sort as lay_out
    from earmark.inbox.sort import summary
    from earmark.settings import Settings
    from earmark.store import Store

    settings = Settings.load()
    result = lay_out(
        Store.at(settings.store_url).clips.all_records(),
        settings.inbox,
        folder,
        copy=copy,
        unsure=unsure,
        track=tracked("sorting"),
    )
    seen = summary(result)
    if as_json:
        print_json(seen)
    else:
        counts = [{"folder": name, "clips": count} for name, count in seen["folders"].items()]
        print_table(counts, ("folder", "clips"))
        note_refused(result.refused)
        say(sorted_line(seen, folder))
    end(result.refused)
