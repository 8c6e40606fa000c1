"""The command that checks everything."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from earmark.cli.app import AsJson, app, print_json, say


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
            say(f"{'ok  ' if finding.good else 'BAD '} {finding.what:10} {finding.told}")
            if finding.remedy:
                say(f"                {finding.remedy}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)
