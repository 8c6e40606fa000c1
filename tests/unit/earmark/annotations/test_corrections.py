"""What people do with clips, at the edges that commands do not reach."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from earmark.admin.retry import Retried, retry
from earmark.annotations.corrections import correct, corrected
from earmark.annotations.labels_csv import Line
from earmark.clips import Record, Revision, State
from earmark.store import Store
from earmark.store.ledger import Settlement
from earmark.store.query import Wanted, find
from earmark.truth import Told

AT = "2026-11-23T04:15:00+00:00"


def know(store: Store, *records: Record) -> None:
    noted = [record.but(state=State.PENDING) for record in records]
    store.clips.note(noted, time.time() + 60)
    store.clips.settle([Settlement(record) for record in records], "vectors", "test")


def clip(path: str, state: State = State.LABELLED, label: int | None = 7) -> Record:
    return Record(path=path, revision=Revision(1, 1), state=state, label=label)


def paths(records: Iterable[Record]) -> set[str]:
    return {record.path for record in records}


def test_any_clip_fits_who_wants_nothing_special() -> None:
    assert Wanted().fits(clip("a.wav"))


def test_the_digit_zero_is_wanted_like_any_other() -> None:
    assert Wanted(label=0).fits(clip("a.wav", label=0))
    assert not Wanted(label=0).fits(clip("a.wav", label=None))


def test_clips_of_a_state_are_found_in_chunks(store: Store) -> None:
    know(store, *(clip(f"{number}.wav") for number in range(1_100)))

    assert len(paths(find(store.clips, Wanted(state=State.LABELLED), limit=5_000))) == 1_100
    assert len(paths(find(store.clips, Wanted(), limit=5_000))) == 1_100


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


def test_the_newest_correction_wins(store: Store, tmp_path: Path) -> None:
    know(store, clip("7_theo_1.wav"))
    file = tmp_path / "labels.csv"

    for digit in (1, 2):
        correct(store.clips, file, Line("7_theo_1.wav", Told(digit, None, "ann"), AT))

    [record] = store.clips.records(["7_theo_1.wav"])
    assert record is not None
    assert (record.truth, record.speaker) == (2, "theo")
    assert len(file.read_text().splitlines()) == 3


def test_a_correction_twice_is_one_truth(store: Store, tmp_path: Path) -> None:
    know(store, clip("a.wav"))
    line = Line("a.wav", Told(1, None, "ann"), AT)

    once = correct(store.clips, tmp_path / "labels.csv", line)

    assert correct(store.clips, tmp_path / "labels.csv", line) == once


def test_a_clip_that_still_waits_can_be_corrected(store: Store, tmp_path: Path) -> None:
    store.clips.note([clip("a.wav", State.PENDING, None)], time.time() + 60)

    record = correct(store.clips, tmp_path / "labels.csv", Line("a.wav", Told(1), AT))

    assert (record.state, record.truth) == (State.PENDING, 1)


def test_only_an_unsure_clip_changes_its_state_by_a_correction() -> None:
    line = Line("a.wav", Told(1, None, "ann"), AT)

    states = {state: corrected(clip("a.wav", state), line).state for state in State}

    assert states == {state: state for state in State} | {State.UNSURE: State.LABELLED}
