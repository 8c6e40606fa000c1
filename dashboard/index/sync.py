"""Following the store: every event keeps the index current and is passed on to whoever listens."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from dashboard.index.sqlite_index import Index
from earmark.clips import Record
from earmark.errors import EarmarkError
from earmark.store import Store
from earmark.store.events import Event

log = logging.getLogger(__name__)

Listener = Callable[[Event, list[Record]], None]
"""Called with an event, and the records of its clips; in the follower's own thread."""

_BLOCK_SECONDS = 0.5
_PAUSE_SECONDS = 2.0
_CHUNK = 500
_SHARE = 4.0
"""The rescan rests this many times as long as it works, and as the store works for it."""
_FIRST_SHARE = 1.0
"""The first one hurries: the pages lack clips until it is done."""
RESCAN_SECONDS = 60.0
_POSITION, _WHOLE = "events", "whole"
_Item = TypeVar("_Item")


class Follower:
    """Two threads: one reads the stream of events, one walks through all records now and then."""

    def __init__(self, store: Store, index: Index, rescan_seconds: float = RESCAN_SECONDS) -> None:
        self._store = store
        self._index = index
        self._rescan_seconds = rescan_seconds
        self._stop = threading.Event()
        self._reading = threading.Lock()
        self._listeners: list[Listener] = []
        self._threads = [
            threading.Thread(target=self._repeat, args=(each,), daemon=True, name=each.__name__)
            for each in (self._follow, self._rescan)
        ]

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)

    def take_in(self, event: Event) -> None:
        """Bring the index up to an event, and pass it on."""
        records = self._read([clip["path"] for clip in event.fields.get("clips", ())])
        for listener in self._listeners:
            listener(event, records)

    @property
    def building(self) -> bool:
        """Whether the index was never walked through to its end, and may lack clips."""
        return self._index.note(_WHOLE) is None

    def rescan(self) -> None:
        """Walk once through all records, gently, and forget what is there no more."""
        share = _FIRST_SHARE if self.building else _SHARE
        records = self._store.clips.all_records()
        for chunk in self._gently(iter(lambda: list(islice(records, _CHUNK)), []), share):
            self._read(self._index.differing(chunk))
        for paths in self._gently(self._index.paths(), share):
            heads = self._store.clips.heads(paths)
            self._index.drop([path for path, head in zip(paths, heads, strict=True) if not head])
        if not self._stop.is_set():
            self._index.keep(_WHOLE, "yes")

    def _read(self, paths: list[str]) -> list[Record]:
        """Take clips over as the store has them now; one thread at a time, so the newest stays."""
        with self._reading:
            records = [record for record in self._store.clips.records(paths) if record is not None]
            self._index.record(records)
        return records

    def _gently(self, items: Iterable[_Item], share: float) -> Iterator[_Item]:
        """Pass items through, resting after each; ends early when told to stop."""
        began = time.monotonic()
        for item in items:
            yield item
            if self._stop.wait((time.monotonic() - began) * share):
                return
            began = time.monotonic()

    def _follow(self) -> None:
        position = self._index.note(_POSITION) or self._store.events.newest_event()
        while not self._stop.is_set():
            events = self._store.events.events(position, _BLOCK_SECONDS)
            for event in events:
                self.take_in(event)
                position = event.id
            if events:
                self._index.keep(_POSITION, position)

    def _rescan(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.rescan()
            took = time.monotonic() - began
            self._stop.wait(max(self._rescan_seconds, took))

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                work()
            except EarmarkError as error:
                log.warning("%s; trying again", error)
            except Exception:
                log.exception("the index lags behind; trying again")
            self._stop.wait(_PAUSE_SECONDS)
