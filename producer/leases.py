"""Clips whose lease ran out: queued again, or failed when their file is gone."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from earmark.messaging.messages import BULK
from earmark.settings import Settings
from earmark.store.ledger import Ledger
from earmark.wording import counted
from producer.enqueue import Queueing
from producer.inbox import Inbox
from producer.readiness import ReadinessGate
from producer.reconcile import gone

log = logging.getLogger(__name__)

_LONGEST_LEASE_FACTOR = 64
_MOST_REMEMBERED = 65_536


class Overdue:
    """Clips whose lease ran out: their message was lost, or nobody works.

    Each is queued again after twice the time of before, so that a queue without workers does not
    fill with copies of the same messages.
    """

    def __init__(self) -> None:
        self._factors: dict[str, int] = {}

    def factor(self, path: str) -> int:
        """How many leases the clip gets this time."""
        if len(self._factors) > _MOST_REMEMBERED:
            self._factors.clear()
        factor = min(self._factors.get(path, 1) * 2, _LONGEST_LEASE_FACTOR)
        self._factors[path] = factor
        return factor


class Leases:
    """Looks after the clips that were queued and of which nothing was heard in time."""

    def __init__(
        self, settings: Settings, inbox: Inbox, ledger: Ledger, queueing: Queueing
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._ledger = ledger
        self._queueing = queueing
        self._overdue = Overdue()
        self._rewritten_gate = ReadinessGate(
            inbox.root, settings.settle_seconds, settings.patience_seconds
        )

    def next_look(self) -> float | None:
        """When a rewritten clip may be ready, in monotonic seconds; None while there is none."""
        return self._rewritten_gate.next_look()

    def requeue_overdue(self, now: float, wall: float) -> None:
        """Queue again what was pending or queued for too long, and fail what is gone.

        What was rewritten meanwhile must pass a gate like everything else; it takes no room, for
        it stands in the ledger already.

        Parameters
        ----------
        now, wall
            Monotonic seconds, and seconds since the epoch.
        """
        due = self._ledger.due(wall, self._settings.queue_limit)
        if due:
            self._sort_overdue(due, now, wall)
        rewritten = list(self._rewritten_gate.ready(now, wall))
        if rewritten:
            self._queueing.note_and_queue(rewritten, BULK)

    def _sort_overdue(self, due: Sequence[str], now: float, wall: float) -> None:
        found = [(path, self._inbox.revision(path)) for path in due]
        heads = self._ledger.heads(due)
        there = [(clip, head) for clip, head in zip(found, heads, strict=True) if clip[1] and head]
        same = [(path, head[1]) for (path, revision), head in there if revision == head[1]]
        rewritten = [path for (path, revision), head in there if revision != head[1]]
        self._fail_gone([path for path, revision in found if revision is None])
        for path in rewritten:
            self._rewritten_gate.hint(path, closed=False, now=now)
        if rewritten:
            self._ledger.lease(rewritten, wall + self._settings.lease_seconds)
        if same:
            log.info(
                "queues %s again, which the workers are silent about", counted(len(same), "clip")
            )
            factor = max(self._overdue.factor(path) for path, _ in same)
            self._queueing.queue(same, BULK, factor)

    def _fail_gone(self, paths: Sequence[str]) -> None:
        records = [record for record in self._ledger.records(paths) if record is not None]
        if records:
            self._ledger.swap([(record, gone(record)) for record in records])
