"""Lets failed clips be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from earmark.clips import State
from earmark.store.ledger import Ledger
from earmark.store.query import CHUNK, in_state


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
    all_failed = islice(in_state(ledger, State.FAILED), room)
    records = ledger.records(paths) if paths else list(all_failed)
    left = 0 if paths else ledger.counts()[State.FAILED] - len(records)
    failed = [record for record in records if record and record.state is State.FAILED]
    changes = [(each, each.but(state=State.PENDING, reason=None)) for each in failed]
    swapped = sum(
        len(ledger.swap(changes[start : start + CHUNK])) for start in range(0, len(changes), CHUNK)
    )
    return Retried(swapped, max(left, 0))
