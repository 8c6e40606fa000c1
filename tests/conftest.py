"""What all tests share: where the repository and the real recordings are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recordings(repository: Path) -> Path | None:
    """The folder of the Free Spoken Digit Dataset's clips, where somebody has put it."""
    named = os.environ.get("EARMARK_FSDD")
    folder = Path(named) if named else repository.parent / "shared/data/fsdd/recordings"
    return folder if folder.is_dir() else None
