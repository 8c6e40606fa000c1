"""Published models for the workers to label with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench.corpus import Corpus
from bench.rig import REPOSITORY
from earmark.frontends import FrontEnd, front_end
from earmark.model.registry import Registry, sealed
from earmark.model.version_folders import CARD

RUN_SECONDS = 180


def trained(spare: Path, corpus: Corpus) -> Path:
    """A registry with a model that eats the notebook's 40 values, trained now.

    The peers extract the same values, so nobody has less to do.
    """
    clips = spare / "training"
    clips.mkdir()
    for path in corpus.paths:
        shutil.copy(path, clips)
    folder = spare / "models"
    command = [
        sys.executable,
        "-m",
        "trainer.offline.train_folder",
        str(clips),
        "--models",
        str(folder),
    ]
    subprocess.run(
        [*command, "--recipe", "scaled", "--source", "a benchmark's"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        timeout=RUN_SECONDS,
    )
    return folder


def front_end_of(models: Path) -> FrontEnd:
    """What the live model of a registry eats."""
    registry = Registry(models, shipped=models)
    return front_end(registry.announcement(registry.live()).front_end)


def publish_again(registry: Registry, version: str) -> None:
    """Publish the live model once more under another name, and make it the live one."""
    live = registry.live()
    staged = registry.staging(version)
    shutil.copytree(registry.path(live), staged, dirs_exist_ok=True)
    card = json.loads((staged / CARD).read_text()) | {"version": version}
    (staged / CARD).write_text(json.dumps(sealed(card, staged)))
    registry.publish(staged, version)
    registry.promote(version)
