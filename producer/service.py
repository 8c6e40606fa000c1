"""The producer's loop: hints, readiness, the queue; and the reconciler in between."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from earmark.admin import forget_speaker
from earmark.annotations import labels_csv
from earmark.audio.kinds import passed_line
from earmark.errors import StoreError
from earmark.messaging.messages import BATCH_CLIPS, BULK, LIVE
from earmark.messaging.sender import Sender
from earmark.services.heartbeat import sign_of_life, sign_off
from earmark.services.processes import ServiceName
from earmark.settings import Settings
from earmark.store import Store
from earmark.store.ledger import Ledger
from earmark.store.migrations import bring_up_to_date
from earmark.store.passed_over import PassedOver
from producer.enqueue import Clip, LiveAllowance, Queueing, lanes
from producer.inbox import Inbox
from producer.leases import Leases
from producer.readiness import ReadinessGate
from producer.reconcile import mark_gone, unrecorded
from producer.watcher import Hints, watched

log = logging.getLogger(__name__)

_IDLE_SECONDS = 0.5
_BUSY_SECONDS = 0.02
_FULL_SECONDS = 0.05
"""A step costs as much as ten clips; workers take longer for what is queued."""
_BURST = 16
"""So many hints at once, and the next ones are gathered: a step costs as much as ten clips."""
_HOLD_SECONDS = 0.2
"""How long a part of a batch is held back for the rest of it while the workers are busy."""
_BEAT_SECONDS = 5.0
_MOST_WAITING = 10_000
_RECONCILE_SHARE = 10
"""The reconciler rests at least this many times as long as it worked."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks, in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Producer:
    """Everything between the folder and the queue; `step` does one round of it."""

    def __init__(
        self,
        settings: Settings,
        inbox: Inbox,
        ledger: Ledger,
        passed_over: PassedOver,
        sender: Sender,
        clocks: Clocks,
    ) -> None:
        self.hints = Hints()
        self._settings = settings
        self._inbox = inbox
        self._ledger = ledger
        self._passed_over = passed_over
        self._told_passed_over: Mapping[str, int] = {}
        self._clocks = clocks
        self._queueing = Queueing(ledger, sender, settings.lease_seconds, clocks.wall)
        self._allowance = LiveAllowance()
        self._leases = Leases(settings, inbox, ledger, self._queueing)
        self._fresh_gate = self._gate()
        self._backlog_gate = self._gate()
        self._in_burst = False
        self._backlog_queued_at = clocks.monotonic()
        self._fresh: deque[Clip] = deque()
        self._backlog: deque[Clip] = deque()
        self._comparison: Iterator[Sequence[Clip]] | None = None
        self._compare_at = clocks.monotonic()
        self._compare_began = 0.0
        self._compare_again = False

    def step(self, wait_seconds: float) -> None:
        """One round: waits for a hint, at most so long, and queues what is ready.

        Raises
        ------
        StoreError
            It is away, or full. Nothing that was ready is forgotten; call again.
        """
        gather_seconds = _BUSY_SECONDS if self._in_burst else 0.0
        hints, overflown = self.hints.take(wait_seconds, gather_seconds)
        self._in_burst = len(hints) >= _BURST
        now, wall = self._clocks.monotonic(), self._clocks.wall()
        if overflown or len(self._fresh) + len(self._fresh_gate) > _MOST_WAITING:
            self._compare_again = True  # the folder itself is the buffer
        else:
            for path, closed in hints.items():
                self._fresh_gate.hint(path, closed=closed, now=now)
        self._fresh.extend(self._ready_clips(self._fresh_gate, now, wall))
        room = self._settings.queue_limit - self._ledger.unfinished()
        room -= self._queue_fresh(room, now)
        self._leases.requeue_overdue(now, wall)
        if room > 0:
            self._compare(now)
            self._backlog.extend(self._ready_clips(self._backlog_gate, now, wall))
            self._queue_backlog(room, now)

    def pause(self) -> float:
        """How long the next step may wait for a hint."""
        if len(self._backlog) >= BATCH_CLIPS:
            return _FULL_SECONDS
        if self._fresh or self._backlog or self._comparison is not None:
            return _BUSY_SECONDS
        looks = [each.next_look() for each in (self._fresh_gate, self._backlog_gate, self._leases)]
        nearest = min(look for look in (*looks, self._compare_at) if look is not None)
        return min(max(nearest - self._clocks.monotonic(), 0.0), _IDLE_SECONDS)

    def _queue_fresh(self, room: int, now: float) -> int:
        clips = list(islice(self._fresh, max(room, 0)))
        queued = 0
        for queue, share in lanes(clips, self._allowance, now):
            if queue == LIVE:
                self._queueing.note_and_queue(share, LIVE)
                queued += len(share)
            else:
                self._backlog.extend(share)
            for _ in share:
                self._fresh.popleft()
        return queued

    def _queue_backlog(self, room: int, now: float) -> None:
        """Queue whole batches; a smaller one when the workers have little left, or in a while."""
        clips = list(islice(self._backlog, room))
        batch = min(BATCH_CLIPS, self._settings.queue_limit // 2)
        unfinished = self._settings.queue_limit - room
        held = unfinished >= batch // 8 and now - self._backlog_queued_at < _HOLD_SECONDS
        if len(clips) >= batch or (clips and not held):
            self._backlog_queued_at = now
            self._queueing.note_and_queue(clips, BULK)
            for _ in clips:
                self._backlog.popleft()

    def _compare(self, now: float) -> None:
        """One slice of the comparison of folder and store, when it is time."""
        if self._comparison is None:
            if now < self._compare_at and not self._compare_again:
                return
            self._compare_began, self._compare_again = now, False
            self._comparison = chain(
                unrecorded(self._inbox, self._ledger),
                ([] for _ in mark_gone(self._inbox, self._ledger)),
            )
        if len(self._backlog) + len(self._backlog_gate) > _MOST_WAITING:
            return
        found = next(self._comparison, None)
        if found is None:
            self._tell_passed_over()
            took = self._clocks.monotonic() - self._compare_began
            rest = max(self._settings.reconcile_seconds, took * _RECONCILE_SHARE)
            self._comparison, self._compare_at = None, self._clocks.monotonic() + rest
            return
        for path, revision in found:
            self._backlog_gate.hint(path, closed=False, now=now, found=revision)

    def _ready_clips(self, gate: ReadinessGate, now: float, wall: float) -> Iterator[Clip]:
        """What is ready and a clip by its content, too: before it is ready there may be none."""
        return (clip for clip in gate.ready(now, wall) if self._inbox.is_clip(*clip))

    def _tell_passed_over(self) -> None:
        """Tell what the walk passed over, and write it to the log when it has changed."""
        passed = self._inbox.passed_over
        self._passed_over.tell(passed)
        if passed != self._told_passed_over:
            log.info("passed over %s", passed_line(passed) if passed else "nothing more")
            self._told_passed_over = passed

    def _gate(self) -> ReadinessGate:
        settings = self._settings
        return ReadinessGate(self._inbox.root, settings.settle_seconds, settings.patience_seconds)


def watch(settings: Settings, stop: threading.Event) -> None:
    """Watch the inbox and queue its clips until told to stop.

    The inbox is created if it is not there.
    """
    settings.inbox.mkdir(parents=True, exist_ok=True)
    inbox = Inbox(settings.inbox.resolve(), settings.discovery)
    store = Store.at(settings.store_url, wait_seconds=30)
    remind(store, settings)
    producer = Producer(settings, inbox, store.clips, store.passed_over, Sender(settings), Clocks())
    with watched(inbox, producer.hints, settings.watch):
        log.info("watches %s (%s)", inbox.root, settings.watch)
        _run(producer, stop, lambda: _remind_if_wiped(store, settings))
    sign_off(ServiceName.PRODUCER)


def remind(store: Store, settings: Settings) -> None:
    """Tell the store what people have said of clips; the files on disk are the truth."""
    told = {line.path: line.told for line in labels_csv.read(settings.labels_file)}
    store.clips.correct_all(told)
    store.clips.keep_forgotten(forget_speaker.read(settings.data / forget_speaker.FILE))
    store.was_told()


def _remind_if_wiped(store: Store, settings: Settings) -> None:
    if store.is_wiped():
        log.warning("the store was wiped; it is rebuilt from the inbox and %s", settings.data)
        remind(store, settings)
        bring_up_to_date(store.connection)


def _run(producer: Producer, stop: threading.Event, before_step: Callable[[], None]) -> None:
    beat_at = 0.0
    while not stop.is_set():
        if time.monotonic() >= beat_at:
            sign_of_life(ServiceName.PRODUCER)
            beat_at = time.monotonic() + _BEAT_SECONDS
        try:
            before_step()
            producer.step(producer.pause())
        except StoreError as error:
            log.warning("%s; trying again", error)
            stop.wait(1.0)
