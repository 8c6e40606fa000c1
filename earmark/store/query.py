"""Finds clips in the store: by name, state, label, truth or speaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from earmark.clips import Record, State
from earmark.errors import LabelError
from earmark.store.ledger import Ledger
from earmark.truth import Truth

CHUNK = 1_000
"""Records that are read or written in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which clips; None wants any."""

    paths: Sequence[str] | None = None
    state: State | None = None
    label: int | None = None
    truth: Truth | None = None
    speaker: str | None = None

    def fits(self, record: Record) -> bool:
        pairs = (
            (self.state, record.state),
            (self.label, record.label),
            (self.truth, record.truth),
            (self.speaker, record.speaker),
        )
        return all(wanted is None or wanted == found for wanted, found in pairs)


def find(ledger: Ledger, wanted: Wanted, limit: int) -> Iterator[Record]:
    """Clips that fit, at most `limit` of them; in no order, unless they are named.

    Raises
    ------
    LabelError
        When one is named that is not known.
    """
    records: Iterable[Record]
    if wanted.paths:
        records = [known(ledger, path) for path in wanted.paths]
    else:
        records = in_state(ledger, wanted.state) if wanted.state else ledger.all_records()
    yield from islice(filter(wanted.fits, records), limit)


def known(ledger: Ledger, path: str) -> Record:
    """The record of a clip that a person names.

    Raises
    ------
    LabelError
        When there is no such clip.
    """
    [record] = ledger.records([path])
    if record is None:
        raise LabelError(
            f"there is no clip {path!r}; give its path relative to the inbox, "
            "as `earmark clips list` shows it"
        )
    return record


def in_state(ledger: Ledger, state: State) -> Iterator[Record]:
    """All clips of a state, read in chunks."""
    paths = ledger.in_state(state)
    while chunk := list(islice(paths, CHUNK)):
        yield from (record for record in ledger.records(chunk) if record is not None)
