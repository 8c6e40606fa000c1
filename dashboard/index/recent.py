"""What has just happened: the latest clips, how many in each second, how long they took."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from earmark.clips import Record
from earmark.store.events import Event

SECONDS = 60


class Pulse:
    """Listens to the follower; is read by the snapshot and the metrics.

    Parameters
    ----------
    latest
        Clips to begin with, newest first.
    """

    SHOWN = 14

    def __init__(self, latest: Iterable[dict[str, Any]] = ()) -> None:
        self._lock = threading.Lock()
        self._latest: deque[dict[str, Any]] = deque(latest, maxlen=self.SHOWN)
        self._counts: deque[tuple[int, int]] = deque(maxlen=SECONDS + 1)
        self._watchers: list[Callable[[Event, list[Record]], None]] = []

    def beat(self, event: Event, records: list[Record]) -> None:
        """Take note of an event."""
        if event.kind != "clips":
            return
        second = int(event.id.partition("-")[0]) // 1000
        count = int(event.fields.get("count", len(records)))
        with self._lock:
            for record in records[-self.SHOWN :]:
                self._latest.appendleft(record.as_json())
            if self._counts and self._counts[-1][0] == second:
                count += self._counts.pop()[1]
            self._counts.append((second, count))

    def latest(self) -> list[dict[str, Any]]:
        """The clips that were labelled last, newest first, each path once."""
        with self._lock:
            rows = list(self._latest)
        return list({row["path"]: row for row in reversed(rows)}.values())[::-1]

    def replace(self, row: dict[str, Any]) -> None:
        """Show a clip as it is now, after a correction."""
        with self._lock:
            for place, shown in enumerate(self._latest):
                if shown["path"] == row["path"]:
                    self._latest[place] = row

    def rates(self, now: float) -> list[int]:
        """Clips in each of the last sixty seconds, the oldest first."""
        with self._lock:
            counts = dict(self._counts)
        last = int(now) - 1
        return [counts.get(second, 0) for second in range(last - SECONDS + 1, last + 1)]
