"""Clips that the store knows without anybody having listened to them."""

from __future__ import annotations

import time
from collections.abc import Iterable

from earmark.clips import Record, Revision, State
from earmark.store import Store
from earmark.store.ledger import Settlement


def know(store: Store, *records: Record) -> None:
    noted = [record.but(state=State.PENDING) for record in records]
    store.clips.note(noted, time.time() + 60)
    store.clips.settle([Settlement(record) for record in records], "vectors", "test")


def clip(path: str, state: State = State.LABELLED, label: int | None = 7) -> Record:
    return Record(path=path, revision=Revision(1, 1), state=state, label=label)


def paths(records: Iterable[Record]) -> set[str]:
    return {record.path for record in records}
