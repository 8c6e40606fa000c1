"""The `earmark` command as a person or a program calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from earmark.cli import load_commands
from earmark.cli.app import app
from earmark.errors import EarmarkError

load_commands()


def call(*arguments: object) -> Result:
    """Call the command; an error of ours is raised, as `main` would see it."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, EarmarkError):
        raise result.exception
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def answer(*arguments: object) -> Any:
    return json.loads(call(*arguments, "--json").stdout)


def earmark_command(
    repository: Path, *arguments: object, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(repository), **more}
    return subprocess.run(
        [sys.executable, "-m", "earmark", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
