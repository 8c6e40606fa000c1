"""Events of the inbox, each only a hint: `created` and `closed` come, or one of them, or none."""

from __future__ import annotations

import errno
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
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

    def look_at_all(self) -> None:
        """Something was missed: the folder itself must be read."""
        with self._some:
            self._overflown = True
            self._some.notify()

    def wake(self) -> None:
        """Let `take` return at once."""
        with self._some:
            self._some.notify()

    def take(
        self, wait_seconds: float, gather_seconds: float = 0.0
    ) -> tuple[dict[str, bool], bool]:
        """All hints since the last call, and whether some were dropped.

        Waits for the first, and then for as long as it is told for more.
        """
        with self._some:
            if not self._paths and not self._overflown:
                self._some.wait(wait_seconds)
        if gather_seconds and self._paths:
            time.sleep(gather_seconds)
        with self._some:
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
    polling = _Polling(inbox, hints)
    observer = None
    if how == "poll":
        polling.start()
    else:
        observer = _listening(inbox, hints, polling)
    try:
        yield
    finally:
        if observer is not None:
            observer.stop()
            observer.join()
        polling.stop()


class _Polling:
    """Compares the folder every second: in the place of events, or where they do not suffice."""

    def __init__(self, inbox: Inbox, hints: Hints) -> None:
        self._inbox = inbox
        self._hints = hints
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        observer = self._observer = PollingObserver(timeout=_POLL_SECONDS)
        handler = _Handler(self._inbox, self._hints)
        root = str(self._inbox.root)
        observer.schedule(handler, root, recursive=True, event_filter=_TELLING_ELSEWHERE)
        observer.start()

    def stand_in(self, trouble: OSError) -> None:
        """The system has no room for another listener; poll from now on, and say so once."""
        if self._observer is not None:
            return
        log.warning(
            "%s: the inbox is polled, which is slower; raise the limit with "
            "`sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024` "
            "and start again, or set EARMARK_WATCH=poll",
            trouble.strerror,
        )
        self.start()
        self._hints.look_at_all()

    def stop(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()


def _listening(inbox: Inbox, hints: Hints, polling: _Polling) -> BaseObserver | None:
    """Events where the system has room for another listener; None where it has none at all."""
    on_linux = sys.platform == "linux"
    telling = _TELLING if on_linux else _TELLING_ELSEWHERE
    try:
        observer = _linux_observer(hints, polling) if on_linux else Observer()
        observer.schedule(
            _Handler(inbox, hints), str(inbox.root), recursive=True, event_filter=telling
        )
        observer.start()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EMFILE):
            raise
        polling.stand_in(error)
        return None
    return observer


def _linux_observer(hints: Hints, polling: _Polling) -> BaseObserver:
    """An observer that tells what watchdog keeps to itself.

    When the kernel drops events, watchdog looks for folders only; where the kernel listens to no
    more folders, it goes without them.
    """
    from watchdog.observers.inotify import InotifyObserver
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyConstants,
        Mask,
        WatchDescriptor,
    )

    class Overflow:
        def on_event(self, event: object) -> None: ...

        def on_watch_deleted(self, wd: object) -> None: ...

        def on_queue_overflow(self) -> None:
            log.warning("the system dropped events: the whole inbox is read again")
            hints.look_at_all()

    class Attentive(InotifyObserver):
        def attend(self, overflow: Overflow) -> None:
            # An overflow is told to all watches, so this one need not see anything else.
            mask = Mask(InotifyConstants.IN_DELETE_SELF)
            self._inotify_fd.add_callback(b"/", mask, overflow, CallbackId(id(overflow)))
            self._listen = self._inotify_fd.add_callback
            self._inotify_fd.add_callback = self._listen_or_poll  # type: ignore[assignment,method-assign]

        def _listen_or_poll(self, *watch: Any) -> WatchDescriptor:
            try:
                return self._listen(*watch)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    polling.stand_in(error)
                raise

    observer = Attentive()
    observer.attend(Overflow())
    return observer
