"""The command that shows what the whole of Earmark does."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from earmark.cli.app import AsJson, app, print_json, say


@app.command()
def status(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and show it anew every second until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """States, queues, workers, the live model and how well it does.

    Example: earmark status --watch
    """
    from earmark.admin.status import status as look
    from earmark.messaging.sender import Sender
    from earmark.settings import Settings
    from earmark.store import Store

    if watch and as_json:
        raise typer.BadParameter("--watch is for people and --json for programs: give one of them")
    settings = Settings.load()
    store, sender = Store.at(settings.store_url), Sender(settings)
    if watch:
        from earmark.cli.status_watch import Heard
        from earmark.cli.status_watch import watch as keep_watching

        keep_watching(lambda: look(store, sender, time.time()), Heard(store))
        return
    seen = look(store, sender, time.time())
    if as_json:
        print_json(seen)
    else:
        from earmark.cli.output import status_lines

        for line in status_lines(seen):
            say(line)
