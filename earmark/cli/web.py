"""The command that shows Earmark in a browser."""

from __future__ import annotations

from earmark.cli.app import app


@app.command()
def dashboard() -> None:
    """Serve the pages and the interface for programmes, in the foreground.

    On this machine's own address it is open; any other needs EARMARK_DASHBOARD_TOKEN.

    Example: EARMARK_DASHBOARD_PORT=9000 earmark dashboard
    """
    from importlib.util import find_spec

    from earmark.errors import MissingExtra
    from earmark.services.processes import ServiceName, command, environment, run
    from earmark.settings import Settings

    if find_spec("nicegui") is None:
        raise MissingExtra("dashboard", "the dashboard")
    Settings.load()  # so that a misspelt setting stops it here, with one clear line
    run(command(ServiceName.DASHBOARD), environment())
