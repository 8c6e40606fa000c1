"""Commands that run Earmark, or look at it running."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from earmark.cli.app import AsJson, app, print_json


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


@app.command()
def demo() -> None:
    """The tour: synthetic voices, a training, new clips, and a table of what was heard.

    Everything happens in a temporary folder, which is removed at the end.

    Example: earmark demo
    """
    from earmark.cli.demo import tour

    tour()


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
        from earmark.cli.reading import status_lines

        print("\n".join(status_lines(seen)))


@app.command()
def doctor(
    service: Annotated[
        str | None, typer.Option(help="Only ask whether this service lives on this host.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, folder, model, store and services, and say what to do.

    Exit code 1 when something is wrong.

    Example: earmark doctor
    """
    from dataclasses import asdict

    from earmark.admin.doctor import alive_here, examine
    from earmark.services.processes import ServiceName
    from earmark.settings import Settings

    settings = Settings.load()
    if service is not None:
        if service not in set(ServiceName):
            raise typer.BadParameter(f"{service!r} is none of: {', '.join(ServiceName)}")
        sys.exit(0 if alive_here(settings, ServiceName(service), time.time()) else 1)
    findings = list(examine(settings, time.time()))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.good else 'BAD '} {finding.what:10} {finding.told}")
            if finding.remedy:
                print(f"                {finding.remedy}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)


def _become(name: str) -> None:
    from earmark.services.processes import ServiceName, command, environment, run
    from earmark.settings import Settings

    Settings.load()  # so that a misspelt setting stops the service here, with one clear line
    run(command(ServiceName(name)), environment())
