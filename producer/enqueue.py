"""Queues clips that are ready: first the ledger, then the message, then `accepted`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from earmark.clips import Record, Revision, State
from earmark.errors import StoreUnreachable
from earmark.messaging.messages import BATCH_CLIPS, BULK, LIVE, Batch
from earmark.messaging.sender import Sender
from earmark.store.ledger import Ledger
from earmark.truth import told_by_name
from earmark.wording import counted

log = logging.getLogger(__name__)

Clip = tuple[str, Revision]

BATCH_SECONDS = 0.1
"""A running batch is what a clip dropped just now may have to wait for."""
_SECONDS_PER_CLIP = 0.00025
_SECONDS_PER_BYTE = 1e-8


class LiveAllowance:
    """How many clips may go into the live queue: a burst's first ones, then some each second.

    A backlog that arrives at once so leaves the live queue short for what comes after it.
    """

    def __init__(self, burst: int = 128, per_second: float = 64) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = float(burst)
        self._at: float | None = None

    def take(self, wanted: int, now: float) -> int:
        """How many of the wanted clips may be live at a monotonic time."""
        if self._at is not None:
            gained = (now - self._at) * self._per_second
            self._left = min(self._burst, self._left + gained)
        self._at = now
        granted = min(wanted, int(self._left))
        self._left -= granted
        return granted


@dataclass(frozen=True, slots=True)
class Queueing:
    """The way of a clip into the queue.

    Parameters
    ----------
    clock
        Seconds since the epoch.
    """

    ledger: Ledger
    sender: Sender
    lease_seconds: float
    clock: Callable[[], float]

    def note_and_queue(self, clips: Sequence[Clip], queue: str) -> int:
        """Queue the clips that the ledger does not know in this revision; answers how many."""
        now = self.clock()
        records = [_pending(path, revision, now) for path, revision in clips]
        noted = set(self.ledger.note(records, now + self.lease_seconds))
        new = [clip for clip in dict(clips).items() if clip[0] in noted]
        self.queue(new, queue)
        return len(new)

    def queue(self, clips: Sequence[Clip], queue: str, lease_factor: int = 1) -> None:
        """Publish clips of the ledger; what the broker does not accept stays pending.

        A clip counts as queued only after the broker has accepted it. The pending ones are
        queued again when their lease runs out.
        """
        for batch in batches(clips):
            try:
                self.sender.label(batch, queue)
            except StoreUnreachable as error:
                log.warning("leaves %s pending: %s", counted(len(batch.clips), "clip"), error)
                return
            until = self.clock() + self.lease_seconds * lease_factor
            self.ledger.accept(batch.clips, until)


def batches(clips: Sequence[Clip]) -> Iterator[Batch]:
    """Cut clips into batches of at most 256 and about a tenth of a second of estimated work."""
    batch: list[Clip] = []
    seconds = 0.0
    for clip in clips:
        cost = _SECONDS_PER_CLIP + clip[1].size_bytes * _SECONDS_PER_BYTE
        if batch and (len(batch) == BATCH_CLIPS or seconds + cost > BATCH_SECONDS):
            yield Batch(tuple(batch))
            batch, seconds = [], 0.0
        batch.append(clip)
        seconds += cost
    if batch:
        yield Batch(tuple(batch))


def lanes(
    clips: Sequence[Clip], allowance: LiveAllowance, now: float
) -> Iterator[tuple[str, Sequence[Clip]]]:
    """Divide clips that have just come between the live queue and the backlog's."""
    live = allowance.take(len(clips), now)
    if live:
        yield LIVE, clips[:live]
    if clips[live:]:
        yield BULK, clips[live:]


def _pending(path: str, revision: Revision, now: float) -> Record:
    told = told_by_name(path)
    return Record(
        path=path,
        revision=revision,
        state=State.PENDING,
        truth=told.digit,
        speaker=told.speaker,
        truth_by=told.by,
        noted_at=now,
    )
