"""The events that the webhook's address did not take, and when each is posted again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

ATTEMPTS = 8
"""After these, with 1, 2, 4, ... 64 s between them, an event is given up."""
MOST_WAITING = 1_000
"""With so many waiting, no newer event is posted: the store's stream holds those."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is posted again; its content stays in the store."""

    id: str
    attempts: int
    """How often it was posted."""
    due: float
    """Seconds of the clock."""


class RefusedEvents:
    """At most `MOST_WAITING` of them, for two threads; what is waiting is kept over restarts.

    Parameters
    ----------
    kept
        What `keep` was last given, before a restart.
    keep
        Is given what is waiting, as text, whenever that changes.
    now
        Seconds of the clock.
    """

    def __init__(self, kept: str | None, keep: Callable[[str], None], now: float) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        waiting = json.loads(kept) if kept else []
        self._waiting = {id: Refused(id, attempts, now) for id, attempts in waiting}

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    @property
    def full(self) -> bool:
        return len(self) >= MOST_WAITING

    def refuse(self, id: str, attempts: int, now: float) -> bool:
        """Let an event wait for its next attempt; False when that was its last one."""
        if attempts >= ATTEMPTS:
            self.drop(id)
            return False
        with self._lock:
            self._waiting[id] = Refused(id, attempts, now + 2.0 ** (attempts - 1))
            self._tell()
        return True

    def drop(self, id: str) -> None:
        """Forget an event that was taken or is given up."""
        with self._lock:
            if self._waiting.pop(id, None) is not None:
                self._tell()

    def due(self, now: float) -> list[Refused]:
        """Those whose time has come, the longest due first."""
        with self._lock:
            due = [each for each in self._waiting.values() if each.due <= now]
        return sorted(due, key=lambda each: each.due)

    def seconds_to_next(self, now: float) -> float | None:
        """How long nothing is due; None while nothing waits."""
        with self._lock:
            return min((max(each.due - now, 0) for each in self._waiting.values()), default=None)

    def _tell(self) -> None:
        self._keep(json.dumps([[each.id, each.attempts] for each in self._waiting.values()]))
