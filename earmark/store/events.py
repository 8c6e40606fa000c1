"""The stream of events: settled batches, models, trainings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from earmark.store import keys
from earmark.store.connection import Connection

EVENTS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the stream."""

    id: str
    kind: str
    fields: dict[str, Any]


class Events:
    """What has happened, in order, for whoever listens; the oldest entries are dropped."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come

    def events(self, after: str, block_seconds: float) -> list[Event]:
        """Entries of the stream behind an id (`$`: only new ones), waiting for the first."""
        found = self._redis.xread({keys.EVENTS: after}, block=max(1, int(block_seconds * 1000)))
        entries = _entries_of(found)
        return [_event(id, fields) for id, fields in entries]

    def event(self, id: str) -> Event | None:
        """One entry of the stream; None when it is there no more."""
        found = self._redis.xrange(keys.EVENTS, min=id, max=id)
        return _event(*found[0]) if found else None

    def newest_event(self) -> str:
        """The id of the stream's last entry; `0` while there is none."""
        last = self._redis.xrevrange(keys.EVENTS, count=1)
        return last[0][0].decode() if last else "0"

    def settled_since(self, timestamp: float) -> int:
        """How many clips were labelled or failed since a time, seconds since the epoch."""
        entries = self._redis.xrange(keys.EVENTS, min=str(int(timestamp * 1000)))
        return sum(int(fields.get(b"count", 0)) for _, fields in entries)

    def forget(self) -> None:
        """Empty the stream: deleting single entries would leave their bytes in memory and log."""
        self._redis.xtrim(keys.EVENTS, maxlen=0, approximate=False)


def _entries_of(found: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    streams = found.values() if isinstance(found, dict) else [entries for _, entries in found]
    flat: list[tuple[bytes, dict[bytes, bytes]]] = []
    for entries in streams:
        for entry in entries:
            flat.extend(entry if isinstance(entry, list) else [entry])
    return flat


def _event(identity: bytes, fields: dict[bytes, bytes]) -> Event:
    text = {name.decode(): value.decode() for name, value in fields.items()}
    kind = text.pop("kind")
    values: dict[str, Any] = {
        name: json.loads(value) if name in ("clips", "result", "count") else value
        for name, value in text.items()
    }
    return Event(identity.decode(), kind, values)
