"""Which wav files are meant by the paths that a person gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from earmark.audio.reader import Failed

SUFFIX = ".wav"


def is_wav(name: str) -> bool:
    """Whether a file name is a clip's; hidden names are those of unfinished and by-files."""
    return name.lower().endswith(SUFFIX) and not name.startswith(".")


def is_text(name: str) -> bool:
    """Whether a name is valid UTF-8; no message and no table can carry any other."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def printable(path: Path | str) -> str:
    """The path as a terminal may show it: `?` for what is no text, or would command it."""
    return "".join(each if each.isprintable() else "?" for each in str(path))


def wavs_below(
    folder: Path,
    *,
    leave_out: Path | None = None,
    unreadable: Callable[[OSError], object] | None = None,
) -> Iterator[Path]:
    """The wav files below a folder, in the order of their names.

    Hidden files and folders are passed over, and links to folders are not followed.

    Parameters
    ----------
    leave_out
        A folder that is not entered, absolute and free of links.
    unreadable
        Called with the error of each folder that cannot be read.
    """
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(parent)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not (leave_out and (here / name).resolve() == leave_out)
        )
        yield from (here / name for name in sorted(names) if is_wav(name))


def wavs(paths: Iterable[Path]) -> Iterator[Path | Failed]:
    """Files as they were given, whatever their names, and all wav files below the folders."""
    for path in paths:
        if os.path.isdir(path):
            found = list(wavs_below(path))
            yield from found
            if not found:
                yield Failed(path, "there is no wav file in this folder")
        elif os.path.lexists(path):
            yield path
        else:
            yield Failed(path, "there is no such file")
