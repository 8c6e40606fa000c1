"""Compares folder and store, so that whatever any other part lost is found and queued again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from earmark.clips import Record, Revision, State
from earmark.store.ledger import Ledger
from producer.inbox import Inbox

_T = TypeVar("_T")
_CHUNK = 1_000


def unrecorded(inbox: Inbox, ledger: Ledger) -> Iterator[Sequence[tuple[str, Revision]]]:
    """Clips in the folder that the ledger does not have in their present revision.

    Yields after every thousand files, so that the caller can do other things in between.
    """
    for chunk in _chunks(inbox.walk()):
        heads = ledger.heads([path for path, _ in chunk])
        found = [
            (path, revision)
            for (path, revision), head in zip(chunk, heads, strict=True)
            if head is None or head[1] != revision or head[2]
        ]
        forgotten = ledger.forgotten([path for path, _ in found])
        yield [
            (path, revision)
            for (path, revision), kept_out in zip(found, forgotten, strict=True)
            if revision != kept_out
        ]


def mark_gone(inbox: Inbox, ledger: Ledger) -> Iterator[int]:
    """Mark the records whose file is gone; yields after every thousand records.

    A record of a clip that nobody has heard yet becomes `failed`: it can never be labelled.
    """
    for chunk in _chunks(ledger.all_heads()):
        missing = [path for path, head in chunk if not head[2] and inbox.revision(path) is None]
        records = [record for record in ledger.records(missing) if record is not None]
        yield len(ledger.swap([(record, gone(record)) for record in records]))


def gone(record: Record) -> Record:
    """The record of a clip whose file is no longer there."""
    if record.state.done:
        return record.but(gone=True)
    reason = "the file was gone before it could be read"
    return record.but(gone=True, state=State.FAILED, reason=reason)


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
