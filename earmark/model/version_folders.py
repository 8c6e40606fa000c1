"""Which folders are versions of a model, which one is live, and whose folder they stand in."""

from __future__ import annotations

import re
from pathlib import Path

from earmark.errors import CorruptModel

POINTER = "live"
CARD = "card.json"
_VERSION = re.compile(r"\d{8}-\d{6}-\w+")


def is_version(name: str) -> bool:
    """Whether a name is a version's, such as `20261123-041500-3f9a`."""
    return _VERSION.fullmatch(name) is not None


def versions_in(folder: Path) -> list[str]:
    """The names of the versions in a folder, in no order."""
    if not folder.is_dir():
        return []
    return [card.parent.name for card in folder.glob(f"*/{CARD}") if is_version(card.parent.name)]


def pointer_in(folder: Path) -> str | None:
    """What the pointer of a folder names, which need not be there; None without a pointer.

    Raises
    ------
    CorruptModel
        When it cannot be read.
    """
    try:
        return (folder / POINTER).read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CorruptModel(f"{folder / POINTER} cannot be read: {error.strerror}") from error


def is_registry(folder: Path) -> bool:
    """Whether a version was made the live one in a folder."""
    try:
        return is_version(pointer_in(folder) or "")
    except CorruptModel:
        return False


def is_free(folder: Path) -> bool:
    """Whether there is nothing in a folder but versions and what is hidden."""
    if not folder.is_dir():
        return not folder.exists()
    return bool(versions_in(folder)) or all(path.name[0] == "." for path in folder.iterdir())


def shipped_models() -> Path:
    """The models that come with the program: inside a wheel, or beside the package."""
    package = Path(__file__).parents[1]
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent / "models"
