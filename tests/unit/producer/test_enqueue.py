"""How clips become messages: the ledger first, then the broker, then `accepted`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from earmark.clips import Revision, State
from earmark.messaging.messages import BULK, LIVE
from earmark.messaging.sender import Sender
from earmark.settings import Settings
from earmark.store import Store
from producer.enqueue import LiveAllowance, Queueing, batches, lanes
from producer.leases import Overdue
from tests.household import messages, queued_paths

LEASE = 30.0
NOWHERE = Settings(redis_url="unix:///nowhere/at/all.sock")


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sender(store_url: str) -> Iterator[Sender]:
    sender = Sender(Settings(redis_url=store_url))
    yield sender
    sender.close()


@pytest.fixture
def queueing(store: Store, sender: Sender) -> Queueing:
    return Queueing(store.clips, sender, LEASE, Clock())


def clips(count: int, size_bytes: int = 10_000) -> list[tuple[str, Revision]]:
    return [(f"{number}.wav", Revision(size_bytes, number)) for number in range(count)]


def state_of(store: Store, path: str) -> State:
    [head] = store.clips.heads([path])
    assert head is not None
    return head[0]


def test_a_batch_has_at_most_256_clips() -> None:
    assert [len(batch.clips) for batch in batches(clips(514))] == [256, 256, 2]


def test_a_batch_has_at_most_a_tenth_of_a_second_of_work() -> None:
    megabyte = 1 << 20

    assert [len(batch.clips) for batch in batches(clips(10, megabyte))] == [9, 1]
    assert [len(batch.clips) for batch in batches(clips(3, 64 * megabyte))] == [1, 1, 1]


def test_no_clips_make_no_batch() -> None:
    assert list(batches([])) == []


def test_a_few_clips_go_live_and_a_backlog_that_comes_at_once_goes_to_bulk() -> None:
    allowance = LiveAllowance(burst=3, per_second=2)

    shares = {queue: len(share) for queue, share in lanes(clips(10), allowance, now=0.0)}

    assert shares == {LIVE: 3, BULK: 7}


def test_a_drop_after_a_backlog_is_live_again() -> None:
    allowance = LiveAllowance(burst=3, per_second=2)
    list(lanes(clips(10), allowance, now=0.0))

    assert list(lanes(clips(1), allowance, now=0.1)) == [(BULK, clips(1))]
    assert list(lanes(clips(1), allowance, now=0.6)) == [(LIVE, clips(1))]


def test_the_allowance_never_grows_above_its_burst() -> None:
    allowance = LiveAllowance(burst=3, per_second=2)
    allowance.take(0, now=0.0)

    assert allowance.take(100, now=1e9) == 3


def test_a_queued_clip_is_in_the_ledger_and_in_the_queue(store: Store, queueing: Queueing) -> None:
    assert queueing.note_and_queue(clips(2), LIVE) == 2

    assert state_of(store, "0.wav") is State.QUEUED
    assert messages(store, LIVE) == [[[["0.wav", "10000-0"], ["1.wav", "10000-1"]]]]
    assert store.clips.due(1_000 + LEASE - 1, 10) == []
    assert store.clips.due(1_000 + LEASE, 10) == ["0.wav", "1.wav"]


def test_a_revision_that_is_known_is_not_queued_again(store: Store, queueing: Queueing) -> None:
    queueing.note_and_queue(clips(1), LIVE)

    assert queueing.note_and_queue(clips(1), LIVE) == 0

    assert queued_paths(store, LIVE) == ["0.wav"]


def test_a_name_that_tells_the_digit_is_noted_with_it(store: Store, queueing: Queueing) -> None:
    queueing.note_and_queue([("deep/7_theo_3.wav", Revision(1, 1))], LIVE)

    [record] = store.clips.records(["deep/7_theo_3.wav"])
    assert record is not None
    assert (record.truth, record.speaker, record.truth_by) == (7, "theo", "name")


def test_what_the_broker_does_not_accept_stays_pending(store: Store, queueing: Queueing) -> None:
    cut_off = dataclasses.replace(queueing, sender=Sender(NOWHERE))

    cut_off.note_and_queue(clips(100), LIVE)

    assert store.clips.counts()[State.PENDING] == 100
    assert queued_paths(store, LIVE) == []


def test_pending_clips_are_due_and_queued_when_the_broker_is_back(
    store: Store, queueing: Queueing
) -> None:
    dataclasses.replace(queueing, sender=Sender(NOWHERE)).note_and_queue(clips(1), LIVE)
    assert store.clips.due(1_000 + LEASE, 10) == ["0.wav"]

    queueing.queue(clips(1), BULK)

    assert state_of(store, "0.wav") is State.QUEUED
    assert queued_paths(store, BULK) == ["0.wav"]


def test_each_time_a_clip_is_overdue_its_lease_doubles_up_to_an_end() -> None:
    overdue = Overdue()

    assert [overdue.factor("a.wav") for _ in range(8)] == [2, 4, 8, 16, 32, 64, 64, 64]
    assert overdue.factor("b.wav") == 2
