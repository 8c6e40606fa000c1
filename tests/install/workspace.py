"""Where installations are built and run: a folder outside of the checkout."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.browser.stack import lay_clips
from tests.install.dockerfile import parse
from tests.install.dockerignore import copy_context
from tests.install.processes import Installed
from tests.install.stages import Builder, Built

IMAGE_USER = 10001
"""Whom the images run as unless they are told otherwise."""


@dataclass(frozen=True)
class Workspace:
    """What the installations have in common.

    Parameters
    ----------
    repository
        The checkout.
    folder
        Empty, outside of the checkout, open to all users; emptied by whoever made it.
    """

    repository: Path
    folder: Path

    @cached_property
    def context(self) -> Path:
        """What `.dockerignore` admits, and nothing else."""
        copy_context(self.repository, self.folder / "context")
        return self.folder / "context"

    @cached_property
    def clips(self) -> Path:
        """Wavs whose names tell their truth: recordings where there are any, or synthetic."""
        folder = self.folder / "clips"
        folder.mkdir()
        beside = self.repository.parent / "shared/data/fsdd/recordings"
        recordings = Path(os.environ.get("EARMARK_FSDD", beside))
        lay_clips(folder, recordings if recordings.is_dir() else None)
        return folder

    @property
    def clip(self) -> Path:
        """A clip of a 7."""
        return min(self.clips.glob("7_*.wav"))

    @cached_property
    def builder(self) -> Builder:
        stages = parse((self.repository / "Dockerfile").read_text())
        return Builder(stages, self.context, self.folder / "stages")

    def image(self, name: str, user: int = IMAGE_USER) -> Built:
        """A stage of the Dockerfile, performed for a user's number."""
        number = str(or_oneself(user))
        return self.builder.build(name, {"OWNER_UID": number, "OWNER_GID": number})

    def wheel_alone(self) -> Installed:
        """An environment of the wheel and what it requires, in the developers' versions."""
        built = self.image("wheel")
        [file] = Path(built.inside("/wheel")).glob("*.whl")
        environment, folder = self.folder / "alone", self.folder / "empty"
        folder.mkdir()
        uv = built.inside("/tools/bin/uv")
        into = ("--python", str(environment / "bin/python"))
        versions = ("--constraints", str(self.repository / "locks/dev.txt"))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EARMARK_", "PYTHON"))}
        pip = Installed(folder, kept, os.getuid())
        pip.run(uv, "venv", "--python", sys.executable, str(environment))
        wheels = ("--only-binary", ":all:", "--compile-bytecode")
        pip.run(uv, "pip", "install", *into, *wheels, *versions, str(file), seconds=600)
        path = f"{environment}/bin:/usr/bin:/bin"
        told = {"PATH": path, "HOME": str(folder), "EARMARK_DASHBOARD_PORT": "0"}
        return Installed(folder, told, os.getuid())


def or_oneself(user: int) -> int:
    """A user's number; one's own where only root could be somebody else."""
    return user if os.getuid() == 0 else os.getuid()
