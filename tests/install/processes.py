"""Commands of an installation, given from an empty folder by a user who owns none of it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.household import Running

_CRASH = ("Traceback (most recent call last)", "ModuleNotFoundError", "ImportError")

IMPORT_ALL = """
import importlib, pkgutil, sys
for top in sys.argv[1:]:
    for module in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
"""Imports each module of the packages that are named."""


class Failed(Exception):
    """A command did not do what an installation must be able to do."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Where commands are given, and with what.

    Parameters
    ----------
    folder
        The working folder.
    environ
        All that the commands' environment holds; their PATH leads to the installation.
    user
        Number of the user that they run as; another than one's own takes root.
    """

    folder: Path
    environ: Mapping[str, str]
    user: int

    def run(self, *command: str, code: int = 0, seconds: float = 120) -> str:
        """Run a command to its end; answers what it printed, errors included.

        Raises
        ------
        Failed
            When it ends with another code, or with a traceback.
        """
        done = subprocess.run(
            self._found(command),
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
            **ids(self.user),
        )
        output: str = done.stdout
        if done.returncode != code or crashed(output):
            raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{end_of(output)}")
        return output

    @contextmanager
    def running(self, *command: str) -> Iterator[Running]:
        """A command that runs while the context lasts.

        Raises
        ------
        Failed
            When there is a traceback in what it printed.
        """
        descriptor, log = tempfile.mkstemp(suffix=".log")
        with open(descriptor, "wb") as file:
            process = subprocess.Popen(
                self._found(command),
                env=self.environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                **ids(self.user),
            )
        found = Running(process, Path(log))
        try:
            yield found
            found.end()
            if crashed(found.output):
                raise Failed(f"{' '.join(command)} printed:\n{end_of(found.output)}")
        finally:
            found.end()
            found.log.unlink()

    def import_all(self, *packages: str) -> None:
        """Import each module of packages; what an extra brings must be imported late.

        Raises
        ------
        Failed
            When one cannot be imported.
        """
        self.run("python", "-c", IMPORT_ALL, *packages)

    def _found(self, command: tuple[str, ...]) -> list[str]:
        folders = self.environ.get("PATH", "").split(":")
        found = (Path(folder, command[0]) for folder in folders)
        return [str(next(filter(Path.exists, found), command[0])), *command[1:]]


def end_of(output: str) -> str:
    """What a person needs to see of a log."""
    return output[-3_000:]


def crashed(output: str) -> bool:
    return any(word in output for word in _CRASH)


def ids(user: int) -> dict[str, Any]:
    """What lets `subprocess` run a command as another user, and nothing when it is oneself."""
    if user == os.getuid():
        return {}
    return {"user": user, "group": user, "extra_groups": []}
