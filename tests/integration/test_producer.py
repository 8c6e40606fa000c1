"""The producer on a real folder and a real store, with clocks that the tests turn."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from earmark.clips import Record, Revision, State
from earmark.errors import StoreUnreachable
from earmark.messaging.messages import BULK, LIVE
from earmark.messaging.sender import Sender
from earmark.settings import Settings
from earmark.store import Store
from producer import watcher
from producer.inbox import Inbox
from producer.service import Clocks, Producer
from producer.watcher import watched
from tests.household import Household, furnished, queued_paths, server, wait_until
from tests.wavs import drop, wav

# watchdog tells us that it has seen a new folder twice.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


SECONDS_TO_A_WALK = 61.0
"""Longer than folder and store rest between two comparisons."""


@dataclass
class Clock:
    """Both clocks of a producer; they stand still unless a test turns them."""

    now: float

    def __call__(self) -> float:
        return self.now


@dataclass
class Watch:
    """A producer that watches the house's inbox, step by step."""

    inbox: Path
    store: Store
    producer: Producer
    clock: Clock

    def step(self, *, after: float = 0.0) -> None:
        """One round, some seconds later; short waits for hints are real."""
        self.clock.now += after
        self.producer.step(0.01)

    def until(self, condition: Callable[[], bool], what: str, *, turning: float = 0.0) -> None:
        def stepped() -> bool:
            self.step(after=turning)
            return condition()

        wait_until(stepped, lambda: f"{what}; the ledger has {self.states()}")

    def until_queued(self, *paths: str, turning: float = 0.1) -> None:
        """Step until clips are queued, while the clocks go on."""
        self.until(
            lambda: all(self.states().get(path) is State.QUEUED for path in paths),
            f"{paths} queued",
            turning=turning,
        )

    def states(self) -> dict[str, State]:
        return {path: head[0] for path, head in self.store.clips.all_heads()}

    def record(self, path: str) -> Record:
        [record] = self.store.clips.records([path])
        assert record is not None
        return record


@contextmanager
def watch_over(house: Household, store: Store, settings: Settings) -> Iterator[Watch]:
    inbox = Inbox(house.inbox.resolve())
    clock = Clock(time.time())
    sender = Sender(settings.model_copy(update={"redis_url": house.settings.store_url}))
    clocks = Clocks(clock, clock)
    producer = Producer(settings, inbox, store.clips, store.passed_over, sender, clocks)
    with watched(inbox, producer.hints, settings.watch):
        yield Watch(inbox.root, store, producer, clock)
    sender.close()


@pytest.fixture(params=["events", "poll"])
def either(
    request: pytest.FixtureRequest,
    house: Household,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watch]:
    """A producer that is told of changes, and one that looks for them."""
    monkeypatch.setattr(watcher, "_POLL_SECONDS", 0.02)
    settings = house.settings.model_copy(update={"watch": request.param})
    with watch_over(house, store, settings) as watch:
        watch.step()
        yield watch


@pytest.fixture
def watch(house: Household, store: Store) -> Iterator[Watch]:
    with watch_over(house, store, house.settings) as watch:
        watch.step()
        yield watch


def test_a_dropped_file_is_queued(either: Watch) -> None:
    drop(either.inbox / "a.wav")

    either.until_queued("a.wav")

    assert queued_paths(either.store, LIVE) == ["a.wav"]


def test_a_file_that_is_renamed_into_the_inbox_is_queued(either: Watch) -> None:
    drop(either.inbox.parent / "outside.wav").rename(either.inbox / "a.wav")

    either.until_queued("a.wav")


def test_a_hard_link_is_queued(either: Watch) -> None:
    source = drop(either.inbox.parent / "linked.wav")
    (either.inbox / "a.wav").hardlink_to(source)

    either.until_queued("a.wav")


def test_files_in_new_folders_within_new_folders_are_queued(either: Watch) -> None:
    for path in ("new/a.wav", "new/deep/b.wav", "new/deep/er/c.wav"):
        drop(either.inbox / path)

    either.until_queued("new/a.wav", "new/deep/b.wav", "new/deep/er/c.wav")


def test_a_folder_that_is_moved_in_is_queued_with_all_it_holds(either: Watch) -> None:
    outside = either.inbox.parent / "outside"
    drop(outside / "a.wav")
    drop(outside / "deep" / "b.wav")
    outside.rename(either.inbox / "moved")

    either.until_queued("moved/a.wav", "moved/deep/b.wav")


def test_a_clip_that_moves_within_the_inbox_is_queued_under_its_new_name(either: Watch) -> None:
    drop(either.inbox / "a.wav")
    either.until_queued("a.wav")
    (either.inbox / "deep").mkdir()
    (either.inbox / "a.wav").rename(either.inbox / "deep" / "b.wav")

    either.until_queued("deep/b.wav")


def test_a_temporary_name_is_ignored_until_it_is_renamed(either: Watch) -> None:
    for name in (".a.wav.Xy12", "a.wav.part"):
        drop(either.inbox / name)
    drop(either.inbox / "mark.wav")
    either.until_queued("mark.wav")
    assert set(either.states()) == {"mark.wav"}

    (either.inbox / "a.wav.part").rename(either.inbox / "a.wav")

    either.until_queued("a.wav")


def test_a_slow_writer_is_waited_for_and_then_queued_whole(watch: Watch) -> None:
    data = wav()
    with (watch.inbox / "slow.wav").open("wb", buffering=0) as file:
        for part in (data[:20], data[20:44], data[44:500], data[500:-1]):
            file.write(part)
            os.utime(file.fileno(), (watch.clock.now, watch.clock.now))
            watch.step(after=20.0)
            watch.step(after=20.0)
            assert watch.states() == {}
        file.write(data[-1:])

    watch.until_queued("slow.wav")

    assert watch.record("slow.wav").revision.size_bytes == len(data)
    assert queued_paths(watch.store, LIVE) == ["slow.wav"]


def test_a_file_shorter_than_it_declares_is_queued_after_the_patience(watch: Watch) -> None:
    drop(watch.inbox / "short.wav", wav()[:-100])
    drop(watch.inbox / "mark.wav")
    watch.until_queued("mark.wav")
    watch.step(after=50)
    assert set(watch.states()) == {"mark.wav"}

    watch.until_queued("short.wav", turning=1.0)


def test_a_file_that_is_no_wav_is_queued_so_that_somebody_is_told(watch: Watch) -> None:
    drop(watch.inbox / "text.wav", b"dear diary, today I recorded nothing at all, but wrote")

    watch.until_queued("text.wav")


def test_new_content_under_an_old_name_is_a_new_job(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")
    first = watch.record("a.wav").revision

    drop(watch.inbox / "a.wav", wav(seconds=0.3))
    watch.until(lambda: watch.record("a.wav").revision != first, "a new revision", turning=0.1)
    watch.until_queued("a.wav")

    assert queued_paths(watch.store, LIVE) == ["a.wav", "a.wav"]


def test_touching_a_file_is_a_new_job(watch: Watch) -> None:
    file = drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")

    os.utime(file, ns=(1, 1))
    watch.until(
        lambda: watch.record("a.wav").revision == Revision.of(file.stat()),
        "the new time",
        turning=watch_seconds(),
    )


def test_many_events_about_one_file_make_one_job(watch: Watch) -> None:
    for _ in range(5):
        drop(watch.inbox / "a.wav")
        os.utime(watch.inbox / "a.wav", ns=(7, 7))
    watch.until_queued("a.wav")
    drop(watch.inbox / "mark.wav")
    watch.until_queued("mark.wav")

    assert queued_paths(watch.store, LIVE).count("a.wav") == 1


def test_what_was_there_before_the_start_goes_to_bulk_and_a_later_drop_to_live(
    house: Household, store: Store
) -> None:
    old = [drop(house.inbox / f"old/{number}.wav").name for number in range(5)]
    with watch_over(house, store, house.settings) as watch:
        watch.until_queued(*(f"old/{name}" for name in old))
        drop(watch.inbox / "new.wav")
        watch.until_queued("new.wav")

    assert sorted(queued_paths(store, BULK)) == [f"old/{name}" for name in old]
    assert queued_paths(store, LIVE) == ["new.wav"]


def test_a_clip_that_was_labelled_before_the_start_is_not_queued_again(
    house: Household, store: Store
) -> None:
    drop(house.inbox / "a.wav")
    with watch_over(house, store, house.settings) as watch:
        watch.until_queued("a.wav")
        queued = watch.record("a.wav")
    with watch_over(house, store, house.settings) as watch:
        drop(watch.inbox / "mark.wav")
        watch.until_queued("mark.wav")
        assert watch.record("a.wav") == queued

    assert [*queued_paths(store, LIVE), *queued_paths(store, BULK)].count("a.wav") == 1


def test_what_no_event_told_is_found_by_the_next_comparison(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    drop(watch.inbox / "mark.wav")
    lost: set[str] = set()
    while hints := watch.producer.hints.take(0.1 if "mark.wav" in lost else 5)[0]:
        lost.update(hints)
    watch.step(after=watch_seconds() / 2)
    assert watch.states() == {}

    watch.step(after=watch_seconds())
    watch.until_queued("a.wav", "mark.wav")

    assert sorted(queued_paths(watch.store, BULK)) == ["a.wav", "mark.wav"]


def test_too_many_events_make_it_look_at_the_folder(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "MOST_HINTS", 2)
    names = [drop(watch.inbox / f"{number}.wav").name for number in range(20)]

    watch.until_queued(*names)


def test_a_deleted_file_is_marked_and_its_label_stays(watch: Watch) -> None:
    labelled = _labelled(watch, "a.wav")
    (watch.inbox / "a.wav").unlink()

    watch.until(lambda: watch.record("a.wav").gone, "marked as gone", turning=watch_seconds())

    assert watch.record("a.wav").label == labelled.label
    assert watch.record("a.wav").state is State.LABELLED


def test_a_file_that_comes_back_is_marked_as_here_and_not_queued_again(watch: Watch) -> None:
    _labelled(watch, "a.wav")
    (watch.inbox / "a.wav").rename(watch.inbox.parent / "away.wav")
    watch.until(lambda: watch.record("a.wav").gone, "marked as gone", turning=watch_seconds())

    (watch.inbox.parent / "away.wav").rename(watch.inbox / "a.wav")
    watch.until(lambda: not watch.record("a.wav").gone, "here again", turning=watch_seconds())

    assert watch.record("a.wav").state is State.LABELLED


def test_a_file_that_goes_before_anybody_hears_it_has_failed(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")
    (watch.inbox / "a.wav").unlink()

    watch.until(
        lambda: watch.record("a.wav").state is State.FAILED, "failed", turning=watch_seconds()
    )

    assert watch.record("a.wav").reason == "the file was gone before it could be read"
    assert watch.store.clips.unfinished() == 0


def test_what_is_queued_and_unfinished_is_bounded(house: Household, store: Store) -> None:
    settings = house.settings.model_copy(update={"queue_limit": 64})
    for number in range(200):
        drop(house.inbox / f"{number:03}.wav", wav(hertz=300 + number))
    with watch_over(house, store, settings) as watch:
        for _ in range(20):
            watch.step(after=0.1)
            assert store.clips.unfinished() <= 64
        assert len(watch.states()) == 64

        while len(watch.states()) < 200:
            _settle_all(watch)
            watch.step(after=0.1)
            assert store.clips.unfinished() <= 64


def test_a_live_drop_finds_room_when_the_queue_is_full_and_drains(
    house: Household, store: Store
) -> None:
    settings = house.settings.model_copy(update={"queue_limit": 64})
    for number in range(100):
        drop(house.inbox / f"{number:03}.wav", wav(hertz=300 + number))
    with watch_over(house, store, settings) as watch:
        watch.until(lambda: len(watch.states()) == 64, "a full queue", turning=0.1)
        drop(watch.inbox / "now.wav")
        for _ in range(5):
            watch.step(after=0.1)
            watch.producer.hints.add("now.wav", closed=True)
        assert "now.wav" not in watch.states()

        _settle_all(watch)
        watch.until_queued("now.wav")

    assert queued_paths(store, LIVE) == ["now.wav"]


def test_a_clip_that_nobody_labels_is_queued_again(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")
    watch.step(after=29)
    assert queued_paths(watch.store, BULK) == []

    watch.step(after=2)

    assert queued_paths(watch.store, LIVE) == ["a.wav"]
    assert queued_paths(watch.store, BULK) == ["a.wav"]


def test_a_queue_without_workers_does_not_fill_with_copies(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")

    for _ in range(60):
        watch.step(after=30)

    assert len(queued_paths(watch.store, BULK)) <= 6


def test_an_overdue_clip_that_is_being_rewritten_is_waited_for(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")
    first = watch.record("a.wav")
    short = drop(watch.inbox / "a.wav", wav(seconds=0.3)[:-100])
    os.utime(short, (watch.clock.now + 30, watch.clock.now + 30))
    watch.step(after=31)
    watch.step(after=5)
    assert watch.record("a.wav").revision == first.revision

    whole = drop(watch.inbox / "a.wav", wav(seconds=0.3))
    watch.until(
        lambda: watch.record("a.wav").revision == Revision.of(whole.stat()), "whole", turning=1.0
    )


def test_clips_that_are_all_rewritten_while_the_queue_is_full_are_queued_anew(
    house: Household, store: Store
) -> None:
    settings = house.settings.model_copy(update={"queue_limit": 64})
    names = [drop(house.inbox / f"{number:02}.wav").name for number in range(64)]
    with watch_over(house, store, settings) as watch:
        watch.until_queued(*names)
        for name in names:
            drop(watch.inbox / name, wav(seconds=0.3))

        def all_new() -> bool:
            return all(head[1].size_bytes > 4_000 for _, head in store.clips.all_heads())

        watch.until(all_new, "new revisions", turning=5.0)
        watch.until_queued(*names)


def test_a_retried_clip_is_queued_at_once(watch: Watch) -> None:
    drop(watch.inbox / "a.wav")
    watch.until_queued("a.wav")
    record = watch.record("a.wav")
    watch.store.clips.swap([(record, record.but(state=State.PENDING))])

    watch.step()

    assert watch.record("a.wav").state is State.QUEUED
    assert queued_paths(watch.store, BULK) == ["a.wav"]


def test_a_store_that_goes_away_loses_nothing_that_was_ready() -> None:
    with furnished() as house, ExitStack() as until_the_end:
        with server(house.settings):
            store = Store.at(house.settings.store_url)
            until_the_end.callback(store.connection.close)
            watch = until_the_end.enter_context(watch_over(house, store, house.settings))
            watch.step()
        drop(house.inbox / "a.wav")

        def outage() -> bool:
            try:
                watch.step(after=0.1)
            except StoreUnreachable:
                return True
            return False

        wait_until(outage, "an outage")
        assert outage()
        with server(house.settings):
            watch.until_queued("a.wav")
            assert queued_paths(store, LIVE) == ["a.wav"]


def watch_seconds() -> float:
    """A little more than the time between two comparisons of folder and store."""
    return float(Settings.model_fields["reconcile_seconds"].default) + 1


def _labelled(watch: Watch, path: str) -> Record:
    drop(watch.inbox / path)
    watch.until_queued(path)
    record = watch.record(path)
    done = record.but(state=State.LABELLED, label=7)
    watch.store.clips.swap([(record, done)])
    return done


def _settle_all(watch: Watch) -> None:
    unfinished = [
        record
        for record in watch.store.clips.all_records()
        if record.state in (State.PENDING, State.QUEUED)
    ]
    watch.store.clips.swap([(each, each.but(state=State.UNSURE)) for each in unfinished])


def test_audio_under_any_name_is_queued_and_all_else_is_counted_by_kind(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "producer.service")
    clips = ("loud.WAV", "long.wave", "memo", "song.mp3")
    for name in clips:
        drop(watch.inbox / name, b"ID3\4" + bytes(90) if name == "song.mp3" else wav())
    others = {"README": b"About", "notes.txt": b"", "labels.csv": b"path,digit\n"}
    others |= {"a.wav.part": b"", ".b.wav": wav(), "Thumbs.db": b"\0"}
    for name, data in others.items():
        drop(watch.inbox / name, data)
    (watch.inbox / "away.wav").symlink_to("nowhere")

    watch.until_queued(*clips)
    watch.until(
        lambda: bool(watch.store.passed_over.counts()), "passed over", turning=SECONDS_TO_A_WALK
    )

    assert set(watch.states()) == set(clips)
    told = {"labels.csv": 1, "text": 2, "hidden": 1, "ignored": 2, "broken links": 1}
    assert watch.store.passed_over.counts() == told
    [line] = [each.message for each in caplog.records if "passed over" in each.message]
    assert line.startswith("passed over 7 files: 1 labels.csv, 2 text, 1 hidden")


def test_what_is_passed_over_is_told_again_only_when_it_changed(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "producer.service")

    def lines() -> list[str]:
        return [each.message for each in caplog.records if "passed over" in each.message]

    drop(watch.inbox / "README", b"About")
    seconds = SECONDS_TO_A_WALK
    watch.until(lambda: len(lines()) == 1, "one line", turning=seconds)
    watch.store.connection.flushall()

    watch.until(lambda: watch.store.passed_over.counts() == {"text": 1}, "again", turning=seconds)
    (watch.inbox / "README").unlink()
    watch.until(lambda: watch.store.passed_over.counts() == {}, "none", turning=seconds)

    assert lines() == ["passed over 1 file: 1 text", "passed over nothing more"]


def test_a_name_that_is_no_utf8_is_queued_under_an_escaped_one(either: Watch) -> None:
    try:
        drop(either.inbox / os.fsdecode(b"7_jos\xe9_0.wav"))
    except OSError:
        pytest.skip("this file system takes only valid names")

    either.until_queued("7_jos\\xe9_0.wav")

    record = either.record("7_jos\\xe9_0.wav")
    assert (record.truth, record.speaker) == (7, "jos\\xe9")
