"""Commands that run Earmark: everything on this machine, or one service."""

from __future__ import annotations

from earmark.cli.app import app


@app.command()
def up() -> None:
    """Run everything on this machine until Ctrl-C.

    Starts the embedded store (unless EARMARK_REDIS_URL names another), producer, workers,
    trainer and scheduler, and restarts what dies. Logs are in the data folder.

    Example: EARMARK_INBOX=~/clips earmark up
    """
    from earmark.services.supervisor import up as run_up
    from earmark.settings import Settings

    run_up(Settings.load())


@app.command()
def producer() -> None:
    """Watch the inbox and queue its clips, in the foreground.

    Example: EARMARK_REDIS_URL=redis://store:6379/0 earmark producer
    """
    _become("producer")


@app.command()
def worker() -> None:
    """Extract, store and label, in the foreground; as many of them as you like.

    Example: EARMARK_WORKERS=4 earmark worker
    """
    _become("worker")


@app.command()
def trainer() -> None:
    """Train when asked or due, in the foreground.

    Example: EARMARK_REDIS_URL=redis://store:6379/0 earmark trainer
    """
    _become("trainer")


@app.command()
def scheduler() -> None:
    """Ask for trainings on their schedule, in the foreground; one of them is enough.

    Example: EARMARK_RETRAIN_CRON='0 */6 * * *' earmark scheduler
    """
    _become("scheduler")


def _become(name: str) -> None:
    from earmark.environment.time_zone import local_zone
    from earmark.services.processes import ServiceName, command, environment, run
    from earmark.settings import Settings

    Settings.load()  # so that a misspelt setting stops the service here, with one clear line
    local_zone()
    run(command(ServiceName(name)), environment())


@app.command()
def dashboard() -> None:
    """Serve the pages and the interface for programmes, in the foreground.

    On this machine's own address it is open; any other needs EARMARK_DASHBOARD_TOKEN.

    Example: EARMARK_DASHBOARD_PORT=9000 earmark dashboard
    """
    from importlib.util import find_spec

    from earmark.errors import MissingExtra

    if find_spec("nicegui") is None:
        raise MissingExtra("dashboard", "the dashboard")
    _become("dashboard")
