"""The ledger, the vectors and the notice board, in a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from earmark.clips import Record, Revision, Score, State
from earmark.errors import NotRunning
from earmark.frontends import front_end
from earmark.store import Store, keys
from earmark.store.ledger import Claim, Settlement
from earmark.store.vectors import table
from earmark.truth import Told

FRONT_END = front_end("mfcc-mean")
TABLE = table(FRONT_END)
DIGEST = "00ff" * 8
LATER = 1_000.0
"""When leases run out; the ledger has no clock of its own."""


def clip(path: str = "a.wav", *, size: int = 10, state: State = State.PENDING) -> Record:
    return Record(path=path, revision=Revision(size, 20), state=state, noted_at=1.5)


def labelled(record: Record, label: int = 7) -> Record:
    return record.but(state=State.LABELLED, digest=DIGEST, label=label, blind=True)


def identities(*records: Record) -> list[tuple[str, Revision]]:
    return [(record.path, record.revision) for record in records]


def claimed(store: Store, *records: Record) -> list[Claim | None]:
    store.clips.note(records, LATER)
    store.clips.accept(identities(*records), LATER)
    return store.clips.claim(identities(*records), LATER)


def settle(store: Store, *records: Record, correction: bytes = b"") -> dict[str, bytes]:
    vector = np.arange(FRONT_END.dimensions, dtype=np.float32)
    settlements = [
        Settlement(record, correction, vector if record.digest else None) for record in records
    ]
    return store.clips.settle(settlements, TABLE, "worker@here:1")


def states(store: Store, path: str) -> list[State]:
    """All states whose set holds the clip."""
    return [state for state in State if path in set(store.clips.in_state(state))]


def snapshot(store: Store) -> dict[bytes, object]:
    """Everything but the stream of events, as the server holds it."""
    readers = {
        b"hash": store.connection.hgetall,
        b"set": store.connection.smembers,
        b"zset": lambda key: store.connection.zrange(key, 0, -1, withscores=True),
        b"string": store.connection.get,
    }
    everything: Any = store.connection.keys("*")
    found = set(everything) - {keys.EVENTS.encode()}
    return {key: readers[store.connection.type(key)](key) for key in found}  # type: ignore[index]


def test_a_noted_clip_is_pending_and_accepted_it_is_queued(store: Store) -> None:
    assert store.clips.note([clip()], LATER) == ["a.wav"]
    assert states(store, "a.wav") == [State.PENDING]

    store.clips.accept(identities(clip()), LATER)

    assert states(store, "a.wav") == [State.QUEUED]
    assert store.clips.heads(["a.wav"]) == [(State.QUEUED, Revision(10, 20), False)]


def test_a_settled_clip_has_its_label_and_its_vector(store: Store) -> None:
    [claim] = claimed(store, clip())
    assert claim is not None

    assert settle(store, labelled(claim.record)) == {}

    [record] = store.clips.records(["a.wav"])
    assert record is not None
    assert (record.state, record.label, record.noted_at) == (State.LABELLED, 7, 1.5)
    [vector] = store.vectors.get(FRONT_END, [DIGEST])
    np.testing.assert_array_equal(vector, np.arange(40, dtype=np.float32))
    assert store.clips.unfinished() == 0


def test_every_step_may_be_repeated_without_harm(store: Store) -> None:
    def note() -> None:
        store.clips.note([clip()], LATER)

    def accept() -> None:
        store.clips.accept(identities(clip()), LATER)

    def settled() -> None:
        settle(store, labelled(clip()))

    def swap() -> None:
        store.clips.swap([(labelled(clip()), labelled(clip()).but(gone=True))])

    for step in (note, accept, settled, swap):
        step()
        once = snapshot(store)
        step()
        assert snapshot(store) == once


def test_a_finished_clip_is_not_noted_accepted_claimed_or_settled_again(store: Store) -> None:
    claimed(store, clip())
    settle(store, labelled(clip()))
    before = snapshot(store)

    assert store.clips.note([clip()], LATER) == []
    store.clips.accept(identities(clip()), LATER)
    assert store.clips.claim(identities(clip()), LATER) == [None]
    settle(store, labelled(clip(), label=3))

    assert snapshot(store) == before


def test_a_batch_that_comes_twice_is_told_once(store: Store) -> None:
    claimed(store, clip("a.wav"), clip("b.wav"))
    after = store.events.newest_event()

    for _ in range(2):
        settle(store, labelled(clip("a.wav")), labelled(clip("b.wav")))

    [event] = store.events.events(after, 0.01)
    assert (event.kind, event.fields["count"]) == ("clips", 2)
    assert [each["path"] for each in event.fields["clips"]] == ["a.wav", "b.wav"]


def test_a_new_revision_is_a_new_job(store: Store) -> None:
    claimed(store, clip())
    settle(store, labelled(clip()))

    assert store.clips.note([clip(size=11)], LATER) == ["a.wav"]

    [record] = store.clips.records(["a.wav"])
    assert record == clip(size=11)
    assert states(store, "a.wav") == [State.PENDING]


def test_the_late_settlement_of_a_rewritten_clip_is_ignored(store: Store) -> None:
    claimed(store, clip())
    store.clips.note([clip(size=11)], LATER)

    settle(store, labelled(clip()))

    assert store.clips.records(["a.wav"]) == [clip(size=11)]
    assert store.vectors.count(FRONT_END) == 0


def test_the_late_acceptance_of_a_rewritten_clip_is_ignored(store: Store) -> None:
    store.clips.note([clip()], LATER)
    store.clips.note([clip(size=11)], LATER)

    store.clips.accept(identities(clip()), LATER)

    assert states(store, "a.wav") == [State.PENDING]


def test_a_rewritten_or_unknown_clip_cannot_be_claimed(store: Store) -> None:
    store.clips.note([clip(size=11)], LATER)

    assert store.clips.claim(identities(clip(), clip("b.wav")), LATER) == [None, None]


def test_a_clip_is_in_exactly_one_state_all_its_life(store: Store) -> None:
    steps: list[Callable[[], object]] = [
        lambda: store.clips.note([clip()], LATER),
        lambda: store.clips.accept(identities(clip()), LATER),
        lambda: settle(store, clip().but(state=State.UNSURE, digest=DIGEST)),
        lambda: store.clips.note([clip(size=11)], LATER),
        lambda: settle(store, clip(size=11).but(state=State.FAILED, reason="broken")),
    ]
    expected = [State.PENDING, State.QUEUED, State.UNSURE, State.PENDING, State.FAILED]

    for step, state in zip(steps, expected, strict=True):
        step()
        assert states(store, "a.wav") == [state]
        assert store.clips.counts() == {each: int(each is state) for each in State}


def test_counts_are_the_sizes_of_the_sets(store: Store) -> None:
    claimed(store, *(clip(f"{number}.wav") for number in range(5)))
    settle(store, labelled(clip("0.wav")), clip("1.wav").but(state=State.FAILED))

    counts = store.clips.counts()

    assert counts == {state: len(set(store.clips.in_state(state))) for state in State}
    assert (counts[State.LABELLED], counts[State.FAILED], counts[State.QUEUED]) == (1, 1, 3)


def test_a_correction_between_claim_and_settlement_is_not_lost(store: Store) -> None:
    [claim] = claimed(store, clip())
    assert claim is not None
    assert claim.correction == b""
    store.clips.correct("a.wav", Told(3, "theo", "ann"))

    changed = settle(store, labelled(claim.record))

    assert states(store, "a.wav") == [State.QUEUED]
    told = claim.record.told(Told(3, "theo", "ann"))
    assert settle(store, labelled(told), correction=changed["a.wav"]) == {}
    [record] = store.clips.records(["a.wav"])
    assert record is not None
    assert (record.truth, record.truth_by, record.label) == (3, "ann", 7)


def test_one_corrected_clip_holds_up_none_of_its_batch(store: Store) -> None:
    claimed(store, clip("a.wav"), clip("b.wav"))
    store.clips.correct("a.wav", Told(3))

    assert list(settle(store, labelled(clip("a.wav")), labelled(clip("b.wav")))) == ["a.wav"]

    assert states(store, "b.wav") == [State.LABELLED]


def test_a_correction_outlives_a_new_revision(store: Store) -> None:
    store.clips.correct("a.wav", Told(3, "theo", "ann"))

    [claim] = claimed(store, clip(size=11))

    assert claim is not None
    assert store.clips.corrections(["a.wav"]) == [Told(3, "theo", "ann")]
    assert claim.correction != b""


def test_a_clip_that_was_claimed_without_an_outcome_is_suspect(store: Store) -> None:
    [first] = claimed(store, clip())
    [second] = store.clips.claim(identities(clip()), LATER)

    assert first is not None
    assert second is not None
    assert (first.suspect, second.suspect) == (False, True)


def test_an_outcome_clears_a_clips_strikes(store: Store) -> None:
    claimed(store, clip())
    assert [store.clips.strike("a.wav", LATER) for _ in range(2)] == [2, 3]
    failed = clip().but(state=State.FAILED, reason="poison")
    settle(store, failed)

    store.clips.swap([(failed, clip())])
    [claim] = store.clips.claim(identities(clip()), LATER)

    assert claim is not None
    assert not claim.suspect


def test_a_swap_replaces_only_what_is_still_as_it_was_read(store: Store) -> None:
    store.clips.note([clip("a.wav"), clip("b.wav")], LATER)
    store.clips.accept(identities(clip("b.wav")), LATER)
    changes = [
        (clip(path), clip(path).but(state=State.FAILED, reason="gone"))
        for path in ("a.wav", "b.wav")
    ]

    assert store.clips.swap(changes) == ["a.wav"]

    assert states(store, "a.wav") == [State.FAILED]
    assert states(store, "b.wav") == [State.QUEUED]


def test_a_clip_that_is_swapped_back_to_pending_is_due_at_once(store: Store) -> None:
    claimed(store, clip())
    failed = clip().but(state=State.FAILED, reason="broken")
    settle(store, failed)
    assert store.clips.due(LATER * 2, 10) == []

    store.clips.swap([(failed, clip())])

    assert store.clips.due(0.0, 10) == ["a.wav"]


def test_unfinished_clips_are_due_when_their_lease_runs_out(store: Store) -> None:
    store.clips.note([clip("a.wav")], 10.0)
    store.clips.note([clip("b.wav")], 20.0)

    assert store.clips.due(9.9, 10) == []
    assert store.clips.due(20.0, 10) == ["a.wav", "b.wav"]
    store.clips.lease(["a.wav", "unknown.wav"], 30.0)
    assert store.clips.due(20.0, 10) == ["b.wav"]
    assert store.clips.unfinished() == 2


def test_a_file_that_is_back_unchanged_keeps_its_label(store: Store) -> None:
    claimed(store, clip())
    settle(store, labelled(clip()))
    store.clips.swap([(labelled(clip()), labelled(clip()).but(gone=True))])

    assert store.clips.note([clip()], LATER) == []

    assert store.clips.records(["a.wav"]) == [labelled(clip())]


def test_a_file_that_failed_while_it_was_away_is_tried_again_when_it_is_back(
    store: Store,
) -> None:
    failed = clip().but(state=State.FAILED, reason="gone", gone=True)
    store.clips.note([clip()], LATER)
    store.clips.swap([(clip(), failed)])

    assert store.clips.note([clip()], LATER) == ["a.wav"]

    assert states(store, "a.wav") == [State.PENDING]


def test_clips_with_a_truth_are_counted_as_right_wrong_or_unscored(store: Store) -> None:
    told = [clip(f"{number}.wav").told(Told(7, "theo", "name")) for number in range(3)]
    claimed(store, *told)
    settle(store, labelled(told[0], 7), labelled(told[1], 3))

    assert store.clips.scores() == {Score.RIGHT: 1, Score.WRONG: 1, Score.UNSCORED: 1}


def test_all_records_are_read_back_whatever_their_names(store: Store) -> None:
    names = ["a b.wav", "ünï/cödé.wav", "'quoted\".wav", "new\nline.wav", "0_theo_1.wav"]
    store.clips.note([clip(name) for name in names], LATER)

    assert {record.path for record in store.clips.all_records()} == set(names)
    assert {path for path, _ in store.clips.all_heads()} == set(names)


def test_nothing_asked_is_nothing_answered(store: Store) -> None:
    empty: Sequence[str] = []

    answers: list[Sequence[object]] = [
        store.clips.records(empty),
        store.clips.heads(empty),
        store.clips.corrections(empty),
        store.clips.note([], LATER),
        store.clips.swap([]),
        store.vectors.get(FRONT_END, empty),
    ]

    assert answers == [[]] * len(answers)


def test_events_before_a_place_in_the_stream_are_not_told_again(store: Store) -> None:
    assert store.events.newest_event() == "0"
    store.training.tell_result({"outcome": "refused"})
    after = store.events.newest_event()

    assert store.events.events(after, 0.01) == []
    assert len(store.events.events("0", 0.01)) == 1


def test_the_rate_counts_clips_and_not_batches(store: Store) -> None:
    claimed(store, *(clip(f"{number}.wav") for number in range(3)))
    settle(store, labelled(clip("0.wav")), labelled(clip("1.wav")))
    settle(store, labelled(clip("2.wav")))
    store.training.tell_result({"outcome": "refused"})

    assert store.events.settled_since(time.time() - 60) == 3
    assert store.events.settled_since(time.time() + 60) == 0


def test_a_store_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(NotRunning, match="start Earmark with `earmark up`"):
        Store.at("unix:///nowhere/at/all.sock")
