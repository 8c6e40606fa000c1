"""Events of the inbox, each only a hint: `created` and `closed` come, or one of them, or none."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from producer.inbox import Inbox

log = logging.getLogger(__name__)

MOST_HINTS = 20_000
"""More are not kept: then the folder itself is read again."""
_POLL_SECONDS = 1.0
_TELLING: list[type[FileSystemEvent]] = [FileCreatedEvent, FileClosedEvent, FileMovedEvent]
_TELLING_ELSEWHERE: list[type[FileSystemEvent]] = [*_TELLING, FileModifiedEvent]
"""Only Linux tells when a file is closed; what else it tells, such as that a worker opened a file,
costs the producer more than all the rest of its work."""


class Hints:
    """What the watcher's thread tells the producer's: paths, and whether each was closed."""

    def __init__(self) -> None:
        self._paths: dict[str, bool] = {}
        self._overflown = False
        self._some = threading.Condition()

    def add(self, path: str, *, closed: bool) -> None:
        with self._some:
            if len(self._paths) >= MOST_HINTS:
                self._overflown = True
            else:
                self._paths[path] = self._paths.get(path, False) or closed
            self._some.notify()

    def wake(self) -> None:
        """Let `take` return at once."""
        with self._some:
            self._some.notify()

    def take(self, wait_seconds: float) -> tuple[dict[str, bool], bool]:
        """All hints since the last call, and whether some were dropped; waits for the first."""
        with self._some:
            if not self._paths and not self._overflown:
                self._some.wait(wait_seconds)
            taken, overflown = self._paths, self._overflown
            self._paths, self._overflown = {}, False
            return taken, overflown


class _Handler(FileSystemEventHandler):
    def __init__(self, inbox: Inbox, hints: Hints) -> None:
        self._inbox = inbox
        self._hints = hints

    def on_any_event(self, event: FileSystemEvent) -> None:
        match event:
            case FileCreatedEvent() | FileModifiedEvent():
                self._hint(event.src_path, closed=False)
            case FileClosedEvent():
                self._hint(event.src_path, closed=True)
            case FileMovedEvent():
                self._hint(event.src_path, closed=False)
                self._hint(event.dest_path, closed=True)

    def _hint(self, path: str | bytes, *, closed: bool) -> None:
        relative = self._inbox.relative(path if isinstance(path, str) else path.decode())
        if relative is not None:
            self._hints.add(relative, closed=closed)


@contextmanager
def watched(inbox: Inbox, hints: Hints, how: Literal["events", "poll"]) -> Iterator[None]:
    """Watch the inbox, with all that is below it, while the context lasts.

    Parameters
    ----------
    how
        `poll` compares the folder every second, for network shares, which send no events.
    """
    observer = PollingObserver(timeout=_POLL_SECONDS) if how == "poll" else Observer()
    telling = _TELLING if sys.platform == "linux" and how == "events" else _TELLING_ELSEWHERE
    observer.schedule(
        _Handler(inbox, hints), str(inbox.root), recursive=True, event_filter=telling
    )
    observer.start()
    try:
        yield
    finally:
        observer.stop()
        observer.join()
