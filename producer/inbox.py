"""The inbox: its clips by their identities, and what else lies in it."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from earmark.audio.discovery import Discovery
from earmark.audio.kinds import Kind
from earmark.audio.names import identity_of, on_disk
from earmark.clips import Revision

log = logging.getLogger(__name__)


class Inbox:
    """The watched folder.

    Parameters
    ----------
    root
        Resolved: absolute and free of links.
    discovery
        Tells clips from other files.
    """

    def __init__(self, root: Path, discovery: Discovery | None = None) -> None:
        self.root = root
        self._discovery = discovery or Discovery()
        self._prefix = f"{root}{os.sep}"
        self.passed_over: Mapping[str, int] = {}
        """What was passed over in the last whole walk, by kind."""

    def relative(self, path: str) -> str | None:
        """The identity of a file that may be a clip, None for what is none by its name.

        It is asked for each event, so it reads nothing: `is_clip` does.
        """
        if not path.startswith(self._prefix):
            return None
        relative = path[len(self._prefix) :].replace(os.sep, "/")
        may_be_clip = self._discovery.by_path(relative) in (None, Kind.CLIP)
        return identity_of(relative) if may_be_clip else None

    def is_clip(self, identity: str, revision: Revision) -> bool:
        """Whether a file is a clip, by its content where its name does not tell."""
        return self._discovery.kind(self._prefix + on_disk(identity), revision) is Kind.CLIP

    def revision(self, identity: str) -> Revision | None:
        """The file's present revision; None when it is gone or no regular file or link to one."""
        try:
            return Revision.of(os.stat(self._prefix + on_disk(identity)))
        except OSError:
            return None

    def walk(self) -> Iterator[tuple[str, Revision]]:
        """All clips with their revisions, one folder after the other; links to folders are not
        followed. What vanishes on the way is passed over, and what may not be read is told."""
        passed: Counter[Kind] = Counter()
        for path, revision in self._discovery.walk(str(self.root), passed, unreadable=_warn):
            yield identity_of(path), revision
        self.passed_over = {kind.value: passed[kind] for kind in Kind if passed[kind]}


def _warn(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        log.warning("%s cannot be read: %s", error.filename, error.strerror)
