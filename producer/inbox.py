"""The inbox: which of its files are clips, and how their paths are told."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earmark.clips import Revision

log = logging.getLogger(__name__)

SUFFIX = ".wav"
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python reads a byte as that is no UTF-8."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """The watched folder.

    Parameters
    ----------
    root
        Resolved: absolute and free of links.
    """

    root: Path

    def relative(self, path: str) -> str | None:
        """A clip's path relative to the inbox, None for what is no clip's.

        Hidden files and folders are none: rsync, browsers and editors write under such names
        before they rename. So is a name that is no valid UTF-8, which no message can carry.
        """
        prefix = f"{self.root}{os.sep}"
        if not path.startswith(prefix):
            return None
        relative = path[len(prefix) :].replace(os.sep, "/")
        return relative if is_clip(relative) else None

    def revision(self, relative: str) -> Revision | None:
        """The file's present revision; None when it is gone or no regular file or link to one."""
        try:
            return Revision.of(os.stat(f"{self.root}{os.sep}{relative}"))
        except OSError:
            return None

    def walk(self) -> Iterator[tuple[str, Revision]]:
        """All clips with their revisions, one folder after the other; links to folders are not
        followed. What vanishes on the way is passed over, and what may not be read is told."""
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                entries = os.scandir(self.root / folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("%s cannot be read: %s", self.root / folder, error.strerror)
                continue
            with entries:
                for entry in entries:
                    relative = f"{folder}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            folders.append(f"{relative}/")
                    elif is_clip(relative):
                        try:
                            yield relative, Revision.of(entry.stat())
                        except OSError:
                            continue


def is_clip(relative: str) -> bool:
    """Whether a path is a clip's: ends in `.wav`, hides nowhere, and is valid UTF-8."""
    if not relative.lower().endswith(SUFFIX):
        return False
    if relative.startswith(".") or "/." in relative:
        return False
    return relative.isascii() or not _SURROGATE.search(relative)
