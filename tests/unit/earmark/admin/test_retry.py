"""Failed clips that are tried again."""

from __future__ import annotations

from earmark.admin.retry import Retried, retry
from earmark.clips import State
from earmark.store import Store
from earmark.store.query import Wanted, find
from tests.known_clips import clip, know


def test_what_failed_long_ago_is_tried_again_without_its_reason(store: Store) -> None:
    know(store, clip("a.wav", State.FAILED, None).but(reason="the file is empty"))

    assert retry(store.clips, limit=64) == Retried(1, 0)
    assert retry(store.clips, limit=64) == Retried(0, 0)

    [record] = store.clips.records(["a.wav"])
    assert record is not None
    assert (record.state, record.reason) == (State.PENDING, None)


def test_nothing_failed_is_nothing_to_try_again(store: Store) -> None:
    assert retry(store.clips, limit=64) == Retried(0, 0)
    assert retry(store.clips, ["unknown.wav"], limit=64) == Retried(0, 0)


def test_no_more_are_tried_again_at_once_than_the_queue_has_room_for(store: Store) -> None:
    know(store, *(clip(f"{number}.wav", State.FAILED, None) for number in range(10)))

    assert retry(store.clips, limit=4) == Retried(4, 6)
    assert store.clips.unfinished() == 4
    assert retry(store.clips, limit=4) == Retried(0, 6)
    [named] = [each.path for each in find(store.clips, Wanted(state=State.FAILED), 1)]
    assert retry(store.clips, [named], limit=4) == Retried(1, 0)
