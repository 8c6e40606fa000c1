"""What people do with clips: find them, try failed ones again, say what is spoken in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from earmark.annotations import labels_csv
from earmark.clips import Record, State
from earmark.errors import LabelError
from earmark.store.ledger import Ledger
from earmark.truth import Truth, told_of

_CHUNK = 1_000


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
        records = [_known(ledger, path) for path in wanted.paths]
    else:
        records = _in_state(ledger, wanted.state) if wanted.state else ledger.all_records()
    yield from islice(filter(wanted.fits, records), limit)


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a wish to have failed clips tried again."""

    clips: int
    """How many are tried again."""
    left: int
    """How many stay failed, for the queue has no room for them yet."""


def retry(ledger: Ledger, paths: Sequence[str] | None = None, *, limit: int) -> Retried:
    """Let failed clips be tried again: those that are named, or all that there is room for.

    Parameters
    ----------
    limit
        How many clips may be queued and unfinished.
    """
    room = max(limit - ledger.unfinished(), 0)
    all_failed = islice(_in_state(ledger, State.FAILED), room)
    records = ledger.records(paths) if paths else list(all_failed)
    left = 0 if paths else ledger.counts()[State.FAILED] - len(records)
    failed = [record for record in records if record and record.state is State.FAILED]
    changes = [(each, each.but(state=State.PENDING, reason=None)) for each in failed]
    swapped = sum(
        len(ledger.swap(changes[start : start + _CHUNK]))
        for start in range(0, len(changes), _CHUNK)
    )
    return Retried(swapped, max(left, 0))


def _known(ledger: Ledger, path: str) -> Record:
    [record] = ledger.records([path])
    if record is None:
        raise LabelError(
            f"there is no clip {path!r}; give its path relative to the inbox, "
            "as `earmark clips list` shows it"
        )
    return record


def correct(ledger: Ledger, file: Path, line: labels_csv.Line) -> Record:
    """Take somebody's word for what is spoken in a clip: on disk first, then in the store.

    Raises
    ------
    LabelError
        When there is no such clip.
    """
    _known(ledger, line.path)
    labels_csv.append(file, [line])
    ledger.correct(line.path, line.told)
    while True:
        [old] = ledger.records([line.path])
        if old is None:
            raise LabelError(f"the clip {line.path!r} was removed meanwhile")
        new = corrected(old, line)
        if old == new or ledger.swap([(old, new)]):
            return new


def corrected(record: Record, line: labels_csv.Line) -> Record:
    """The record with a person's word; somebody has looked, so it is unsure no more."""
    state = State.LABELLED if record.state is State.UNSURE else record.state
    return record.told(told_of(record.path, line.told)).but(state=state)


def _in_state(ledger: Ledger, state: State) -> Iterator[Record]:
    paths = ledger.in_state(state)
    while chunk := list(islice(paths, _CHUNK)):
        yield from (record for record in ledger.records(chunk) if record is not None)
