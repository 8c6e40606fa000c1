"""The dashboard's own index: what it finds, how it pages, how it follows the store."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dashboard.index.query import Query
from dashboard.index.search import search
from dashboard.index.sqlite_index import Index
from dashboard.index.sync import Follower
from earmark.clips import Record, Revision, State
from earmark.store import Store


def clip(number: int, **values: object) -> Record:
    plain = Record(
        path=f"{number % 10}_theo_{number}.wav",
        revision=Revision(100, number),
        state=State.LABELLED,
        digest=f"{number:032x}",
        label=number % 10,
        confidence=0.5,
        model="m",
        noted_at=float(number),
        done_at=float(number),
    )
    return plain.but(**values)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index.sqlite")


def paths(rows: list[dict[str, object]]) -> list[object]:
    return [row["path"] for row in rows]


def test_pages_lead_through_all_clips_newest_first_and_each_once(index: Index) -> None:
    index.record(clip(number) for number in range(25))
    seen: list[object] = []
    mark = None
    while True:
        page = index.page(Query(), after=mark, limit=10)
        seen += paths(page.rows)
        mark = page.after
        if mark is None:
            break

    assert seen == [clip(number).path for number in reversed(range(25))]


def test_clips_of_the_same_moment_are_not_lost_between_pages(index: Index) -> None:
    index.record(clip(number, done_at=1.0) for number in range(5))

    first = index.page(Query(), limit=3)
    second = index.page(Query(), after=first.after, limit=3)

    assert len({*paths(first.rows), *paths(second.rows)}) == 5


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (Query(states=("failed",)), [3]),
        (Query(label=7), [17, 7]),
        (Query(truth="5"), [5]),
        (Query(truth="any"), [5, 4]),
        (Query(truth="none"), [4]),
        (Query(score="wrong"), [5]),
        (Query(speaker="ann"), [5]),
        (Query(at_least=0.9), [6]),
        (Query(search="theo_1"), [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1]),
        (Query(search="%"), []),
        (Query(since=18, until=18), [18]),
    ],
)
def test_a_filter_finds_what_fits(index: Index, query: Query, numbers: list[int]) -> None:
    index.record(clip(number) for number in range(20))
    index.record(
        [
            clip(3, state=State.FAILED, label=None, confidence=None, model=None),
            clip(4, truth="none", truth_by="ann"),
            clip(5, truth=5, label=8, blind=True, speaker="ann", truth_by="name"),
            clip(6, confidence=0.95),
        ]
    )

    assert paths(index.page(query).rows) == [clip(number).path for number in numbers]


def test_a_search_that_takes_long_ends_and_says_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.index.search.STRETCH", 10)
    clock = itertools.count()  # each look at it is a second later
    index = Index(tmp_path / "index.sqlite", clock=lambda: next(clock))
    index.record(clip(number) for number in range(25))

    first = index.page(Query(search="theo_1."))
    second = index.page(Query(search="theo_1."), after=first.after)
    third = index.page(Query(search="theo_1."), after=second.after)

    assert (paths(first.rows), paths(second.rows)) == ([], [])
    assert paths(third.rows) == [clip(1).path]
    assert third.after is None


def test_a_search_that_has_time_goes_on_to_the_end(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.index.search.STRETCH", 3)
    index.record(clip(number, state=list(State)[number % 5]) for number in range(60))
    some = Query(states=("failed", "unsure"), search="0")

    found = index.page(some, limit=3)
    rest = index.page(some, after=found.after)

    fits = [n for n in reversed(range(60)) if n % 5 in (3, 4) and "0" in clip(n).path]
    assert paths(found.rows) + paths(rest.rows) == [clip(number).path for number in fits]


@pytest.mark.parametrize(
    "query",
    [
        Query(label=3), Query(truth="7"), Query(truth="any"), Query(truth="7", label=3),
        Query(states=("failed", "unsure")), Query(speaker="ann"), Query(score="wrong"),
        Query(model="m"), Query(since=5, until=9), Query(at_least=0.5),
    ],
)  # fmt: skip
def test_no_search_sorts_or_walks_through_the_whole_table(index: Index, query: Query) -> None:
    plans: list[str] = []

    def read(words: str, values: Sequence[object]) -> list[object]:
        plans.extend(row["detail"] for row in index._all(f"explain query plan {words}", values))
        return index._all(words, values)

    search(read, query, after="9.0_9", limit=5, clock=time.monotonic)

    assert plans
    assert [plan for plan in plans if "TEMP B-TREE" in plan or plan == "SCAN clips"] == []


def test_review_shows_unsure_and_wrong_clips_that_nobody_has_spoken_for(index: Index) -> None:
    index.record(
        [
            clip(1),
            clip(2, state=State.UNSURE, confidence=0.4),
            clip(3, truth=8, label=3, blind=True, truth_by="name", confidence=0.2),
            clip(4, truth=8, label=4, blind=True, truth_by="ann", confidence=0.1),
            clip(5, state=State.UNSURE, confidence=0.3, gone=True),
        ]
    )

    assert paths(index.to_review(10)) == [clip(3).path, clip(2).path]
    assert paths(index.to_review(10, skip=[clip(3).path])) == [clip(2).path]
    assert index.count_to_review() == 2


def test_a_digit_zero_is_no_missing_truth(index: Index) -> None:
    index.record([clip(10, truth=0, truth_by="name", blind=True)])

    found = index.find(clip(10).path)

    assert found is not None
    assert (found["truth"], found["label"], found["score"]) == (0, 0, "right")


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("create table clips (strange text)")
        database.execute("pragma user_version = 99")

    assert Index(file).count() == 0


def test_a_file_that_is_no_index_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    file.write_bytes(b"this is no database, and long enough to be taken for one" * 20)

    assert Index(file).count() == 0


def test_live_accuracy_over_time_counts_only_blind_labels(index: Index) -> None:
    index.record(
        clip(number, truth=number % 10 if number < 5 else 9 - number % 10, blind=number != 2)
        for number in range(8)
    )

    shares = index.accuracy_over_time(buckets=1)

    assert [(each["accuracy"], each["clips"]) for each in shares] == [(pytest.approx(4 / 7), 7)]


def test_a_rescan_takes_over_the_store_and_forgets_what_is_there_no_more(
    index: Index, store: Store
) -> None:
    kept = [clip(number, state=State.PENDING, label=None, done_at=None) for number in range(3)]
    store.clips.note(kept, time.time() + 30)
    index.record([clip(77)])

    Follower(store, index).rescan()

    assert sorted(map(str, paths(index.page(Query()).rows))) == sorted(each.path for each in kept)


def test_a_rescan_does_not_bring_back_what_has_changed_since_it_read(
    index: Index,
    store: Store,
    tmp_path: Path,
    tone: Callable[..., Path],
    label_inbox: Callable[..., list[Record]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tone(tmp_path / "inbox" / "7_theo_1.wav")
    [labelled] = label_inbox(tmp_path / "inbox")
    before = labelled.but(state=State.QUEUED, label=None)
    index.record([labelled])
    monkeypatch.setattr(store.clips, "all_records", lambda: iter([before]))

    Follower(store, index).rescan()

    found = index.find("7_theo_1.wav")
    assert found is not None
    assert found["state"] == labelled.state


def test_an_index_is_being_built_until_it_was_walked_through_once(
    index: Index, store: Store
) -> None:
    follower = Follower(store, index)
    before = follower.building

    follower.rescan()

    assert (before, follower.building, Follower(store, index).building) == (True, False, False)


def test_what_has_not_changed_is_not_written_again(index: Index) -> None:
    index.record(clip(number, speaker="ann", digest=f"{number:032x}") for number in range(3))
    before = written(index)

    index.record(clip(number, speaker="ann", digest=f"{number:032x}") for number in range(3))
    unchanged = written(index)
    index.record([clip(1, speaker="bob")])

    assert unchanged == before
    assert written(index) > before
    assert paths(index.page(Query(speaker="bob")).rows) == [clip(1).path]


def written(index: Index) -> int:
    """How many rows this thread has changed so far."""
    return index._database.total_changes


def test_an_event_brings_its_clips_and_is_passed_on(
    index: Index,
    store: Store,
    tmp_path: Path,
    tone: Callable[..., Path],
    label_inbox: Callable[..., list[Record]],
) -> None:
    heard: list[str] = []
    follower = Follower(store, index)
    follower.listen(lambda event, records: heard.extend(record.path for record in records))
    tone(tmp_path / "inbox" / "7_theo_1.wav")
    [record] = label_inbox(tmp_path / "inbox")

    for event in store.events.events("0", 1):
        follower.take_in(event)

    assert heard == ["7_theo_1.wav"]
    found = index.find("7_theo_1.wav")
    assert found is not None
    assert (found["label"], found["digest"]) == (record.label, record.digest)
