"""Takes a person's word for what is spoken in a clip."""

from __future__ import annotations

from pathlib import Path

from earmark.annotations import labels_csv
from earmark.clips import Record, State
from earmark.errors import LabelError
from earmark.store.ledger import Ledger
from earmark.store.query import known
from earmark.truth import told_of


def correct(ledger: Ledger, file: Path, line: labels_csv.Line) -> Record:
    """Take somebody's word for what is spoken in a clip: on disk first, then in the store.

    Raises
    ------
    LabelError
        When there is no such clip.
    """
    known(ledger, line.path)
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
