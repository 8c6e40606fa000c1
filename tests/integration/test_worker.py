"""What the worker does with a batch, on real files and a real store, without a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest

from earmark.annotations import labels_csv
from earmark.annotations.corrections import correct
from earmark.audio import reader
from earmark.audio.decode import Limits
from earmark.clips import Record, Revision, Score, State
from earmark.errors import ClipError
from earmark.frontends import front_end
from earmark.messaging.messages import Batch
from earmark.model.artifact import LITERT, Artefact
from earmark.model.registry import Registry
from earmark.store import Store, keys
from earmark.truth import Told
from tests import tiny_models
from tests.household import Household, pending
from tests.tiny_models import FIRST, SECOND
from tests.wavs import DOUBTFUL, FAINT, drop, wav
from worker.context import Bench
from worker.label import label_batch, relabel
from worker.live_model import LiveModel

DECODABLE = {
    "8-bit": wav(coding="PCM_U8"),
    "24-bit": wav(coding="PCM_24"),
    "32-bit": wav(coding="PCM_32"),
    "float": wav(coding="FLOAT"),
    "double": wav(coding="DOUBLE"),
    "mu-law": wav(coding="ULAW"),
    "stereo": wav(channels=2),
    "8 kHz": wav(rate=8_000),
    "192 kHz": wav(rate=192_000),
    "a few samples": wav(seconds=0.001),
}
MATES = ("mate-1.wav", "mate-2.wav")


@dataclass
class Workplace:
    """A bench, and the producer's part done by hand."""

    house: Household
    store: Store
    bench: Bench

    def note(self, *paths: str) -> Batch:
        records = pending(self.house.inbox, *paths)
        self.store.clips.note(records, time.time() + 30)
        return Batch(tuple((record.path, record.revision) for record in records))

    def label(self, *paths: str) -> list[Record]:
        """Note clips and label them as one batch."""
        label_batch(self.bench, self.note(*paths))
        return self.records(*paths)

    def records(self, *paths: str) -> list[Record]:
        records = [record for record in self.store.clips.records(paths) if record]
        assert len(records) == len(paths)
        return records

    def label_among_mates(self, path: str) -> Record:
        """Label one clip in the middle of a batch; its mates must be labelled as ever."""
        for name in MATES:
            drop(self.house.inbox / name)
        first, found, last = self.label(MATES[0], path, MATES[1])
        for mate in (first, last):
            assert (mate.state, mate.label) == (State.LABELLED, 7)
        return found

    def fail(self, path: str) -> str:
        """Label one clip among mates; it must fail. Answers the reason."""
        record = self.label_among_mates(path)
        assert record.state is State.FAILED
        assert record.label is None
        assert record.reason is not None
        return record.reason


@pytest.fixture
def place(house: Household, store: Store) -> Workplace:
    model = LiveModel(Registry(house.models), store)
    bench = Bench(house.inbox.resolve(), house.settings.limits, 30.0, store, model, clock=time.time)
    return Workplace(house, store, bench)


@pytest.mark.parametrize("kind", DECODABLE)
def test_whatever_can_be_decoded_is_labelled(place: Workplace, kind: str) -> None:
    drop(place.house.inbox / "clip.wav", DECODABLE[kind])

    record = place.label_among_mates("clip.wav")

    assert (record.state, record.label, record.model) == (State.LABELLED, 7, FIRST)


def test_a_silent_clip_is_heard_like_any_other(place: Workplace) -> None:
    drop(place.house.inbox / "silent.wav", wav(amplitude=0))

    record = place.label_among_mates("silent.wav")

    assert (record.state, record.label) == (State.LABELLED, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no wav at all, but a letter", "it is no wav file: it begins with 'no w'"),
        (b"", "the file is empty"),
        (b"RIFF", "the file ends within its header"),
        (wav()[:44], "the file is truncated: its header declares 3,200 bytes of audio"),
        (wav(seconds=0), "there are no samples in it"),
        (wav(seconds=31), "it is too long: 31.0 seconds, and the limit is 30"),
        (b"\x00" * 5000, "it is no wav file"),
    ],
)
def test_what_cannot_be_decoded_fails_with_a_plain_reason(
    place: Workplace, data: bytes, reason: str
) -> None:
    drop(place.house.inbox / "clip.wav", data)

    assert reason in place.fail("clip.wav")


def test_what_is_there_of_a_truncated_clip_is_labelled_and_unsure(place: Workplace) -> None:
    drop(place.house.inbox / "7_ann_0.wav", wav(seconds=1.0)[:-6_000])

    record = place.label_among_mates("7_ann_0.wav")

    assert (record.state, record.label, record.seconds) == (State.UNSURE, 7, 0.625)
    assert record.reason == "the file is truncated: it declares 1.0 s, holds 0.6 s"
    assert (record.truth, record.score) == (7, Score.UNTOLD)


def test_a_truncated_clip_stays_unsure_until_a_person_has_heard_it(
    place: Workplace, tmp_path: Path
) -> None:
    drop(place.house.inbox / "7_ann_0.wav", wav(seconds=1.0)[:-6_000])
    place.label_among_mates("7_ann_0.wav")
    tiny_models.publish(place.house.models, SECOND)
    place.store.board.announce(Registry(place.house.models).artefact(SECOND))

    relabel(place.bench, ["7_ann_0.wav"])
    [again] = place.records("7_ann_0.wav")
    assert (again.state, again.model) == (State.UNSURE, SECOND)
    assert "truncated" in str(again.reason)

    line = labels_csv.Line("7_ann_0.wav", Told(7, None, "ann"), "2026-11-23")
    heard = correct(place.store.clips, tmp_path / "labels.csv", line)
    assert (heard.state, heard.score) == (State.LABELLED, Score.RIGHT)


def test_a_header_that_promises_gigabytes_takes_what_is_there(place: Workplace) -> None:
    data = bytearray(wav())
    data[4:8] = data[40:44] = (0x7FFE_0000).to_bytes(4, "little")
    drop(place.house.inbox / "clip.wav", bytes(data))

    record = place.label_among_mates("clip.wav")

    assert record.state is State.UNSURE
    assert "declares 134,209.5 s, holds 0.2 s" in str(record.reason)


def test_samples_that_are_no_numbers_fail(place: Workplace) -> None:
    data = bytearray(wav(coding="FLOAT"))
    data[-4:] = b"\x00\x00\xc0\x7f"
    drop(place.house.inbox / "clip.wav", bytes(data))

    assert "not numbers" in place.fail("clip.wav")


def test_a_file_that_is_too_large_fails_unread(place: Workplace) -> None:
    with drop(place.house.inbox / "clip.wav").open("ab") as file:
        file.truncate(65 * 1024 * 1024)

    assert "the file is too large: 68,157,440 bytes" in place.fail("clip.wav")


def test_a_file_that_is_gone_again_fails(place: Workplace) -> None:
    drop(place.house.inbox / "clip.wav")
    batch = place.note("clip.wav")
    (place.house.inbox / "clip.wav").unlink()

    label_batch(place.bench, batch)

    [record] = place.records("clip.wav")
    assert (record.state, record.reason) == (
        State.FAILED,
        "the file was gone before it could be read",
    )


def test_a_pipe_fails_and_holds_nobody_up(place: Workplace) -> None:
    os.mkfifo(place.house.inbox / "clip.wav")

    assert place.fail("clip.wav") == "it is no regular file"


def test_a_folder_fails(place: Workplace) -> None:
    (place.house.inbox / "clip.wav").mkdir()

    assert place.fail("clip.wav") == "it is no regular file"


def test_a_socket_cannot_be_read(place: Workplace) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(place.house.inbox / "clip.wav"))

        assert "cannot be read" in place.fail("clip.wav")


def test_a_file_that_may_not_be_read_fails() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = drop(Path(folder) / "clip.wav")
        file.chmod(0)

        with without_privileges(), pytest.raises(ClipError) as caught:
            reader.record(file, Limits(max_bytes=1 << 20, max_seconds=30))

    assert caught.value.reason == "the file cannot be read: Permission denied"


def test_a_link_within_the_inbox_is_labelled(place: Workplace) -> None:
    (place.house.inbox / "clip.wav").symlink_to(drop(place.house.inbox / "deep" / "a.wav"))

    assert place.label_among_mates("clip.wav").label == 7


@pytest.mark.parametrize("target", ["secret.wav", "folder"])
def test_a_link_that_leads_out_of_the_inbox_fails(place: Workplace, target: str) -> None:
    drop(place.house.home / "outside" / "secret.wav")
    if target == "folder":
        (place.house.inbox / "deep").symlink_to(place.house.home / "outside")
        path = "deep/secret.wav"
    else:
        (place.house.inbox / "clip.wav").symlink_to(place.house.home / "outside" / "secret.wav")
        path = "clip.wav"

    assert place.fail(path) == "the file is a link that leads out of the inbox"


def test_a_message_can_name_nothing_outside_of_the_inbox(place: Workplace) -> None:
    secret = drop(place.house.home / "secret.wav")
    revision = Revision.of(secret.stat())
    for path in ("../secret.wav", str(secret), "deep/../../secret.wav"):
        record = Record(path=path, revision=revision, state=State.PENDING)
        place.store.clips.note([record], time.time() + 30)

        label_batch(place.bench, Batch(((path, revision),)))

        [found] = place.records(path)
        assert (found.state, found.reason) == (State.FAILED, "the path leads out of the inbox")


def test_a_message_about_a_clip_that_the_ledger_does_not_know_is_ignored(place: Workplace) -> None:
    drop(place.house.inbox / "clip.wav")
    [record] = pending(place.house.inbox, "clip.wav")

    assert label_batch(place.bench, Batch((("clip.wav", record.revision),))) == 0

    assert place.store.clips.records(["clip.wav"]) == [None]


def test_a_batch_of_nothing_is_done_at_once(place: Workplace) -> None:
    assert label_batch(place.bench, Batch(())) == 0


def test_a_batch_that_comes_twice_leaves_what_once_leaves(place: Workplace) -> None:
    names = ["7_theo_1.wav", "b.wav", "broken.wav"]
    for name in names:
        drop(place.house.inbox / name, b"broken" if name == "broken.wav" else None)
    batch = place.note(*names)
    assert label_batch(place.bench, batch) == 3
    once = place.records(*names)
    events = place.store.events.newest_event()

    assert label_batch(place.bench, batch) == 0

    assert place.records(*names) == once
    assert place.store.events.newest_event() == events


def test_a_batch_that_two_workers_have_at_once_is_settled_once(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")
    batch = place.note("a.wav")
    place.store.clips.claim(batch.clips, time.time() + 30)

    assert label_batch(place.bench, batch) == 1
    assert label_batch(place.bench, batch) == 0

    assert place.records("a.wav")[0].label == 7


def test_the_vector_that_is_stored_is_the_one_that_was_labelled(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")

    [record] = place.label("a.wav")

    [vector] = place.store.vectors.get(front_end("mfcc-mean"), [str(record.digest)])
    assert vector is not None
    [guess] = place.bench.model.current().guess(vector[None])  # type: ignore[union-attr]
    assert (guess.label, guess.confidence) == (record.label, record.confidence)


def test_copies_share_a_digest_and_a_vector(place: Workplace) -> None:
    for name in ("a.wav", "b.wav"):
        drop(place.house.inbox / name)

    first, second = place.label("a.wav", "b.wav")

    assert first.digest == second.digest
    assert place.store.vectors.count(front_end("mfcc-mean")) == 1


def test_a_clip_that_was_rewritten_since_it_was_queued_waits_for_its_new_revision(
    place: Workplace,
) -> None:
    drop(place.house.inbox / "a.wav")
    old = place.note("a.wav")
    drop(place.house.inbox / "a.wav", wav(amplitude=FAINT, seconds=0.3))

    assert label_batch(place.bench, old) == 0
    assert place.records("a.wav")[0].state is State.PENDING

    [record] = place.label("a.wav")
    assert (record.state, record.label) == (State.LABELLED, 3)


def test_a_clip_that_the_model_doubts_is_unsure_and_has_its_label(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav", wav(amplitude=DOUBTFUL))

    [record] = place.label("a.wav")

    assert record.state is State.UNSURE
    assert record.label in (3, 7)
    assert record.confidence is not None
    assert record.confidence < 0.6


def test_a_name_that_lies_is_a_wrong_label_in_the_live_accuracy(place: Workplace) -> None:
    drop(place.house.inbox / "7_theo_1.wav")
    drop(place.house.inbox / "5_theo_1.wav", wav(hertz=500))

    right, wrong = place.label("7_theo_1.wav", "5_theo_1.wav")

    assert (str(right.score), str(wrong.score)) == ("right", "wrong")


def test_a_clip_that_the_model_was_trained_on_does_not_count(place: Workplace) -> None:
    drop(place.house.inbox / "7_theo_1.wav")
    [before] = place.label("7_theo_1.wav")
    assert before.blind
    tiny_models.publish(place.house.models, SECOND, trained_on=[str(before.digest)])
    place.store.board.announce(Registry(place.house.models).artefact(SECOND))

    assert relabel(place.bench, ["7_theo_1.wav"]) == 1

    [after] = place.records("7_theo_1.wav")
    assert (after.blind, str(after.score)) == (False, "unscored")


def test_a_correction_that_was_there_first_wins_over_the_name(place: Workplace) -> None:
    drop(place.house.inbox / "5_theo_1.wav")
    place.store.clips.correct("5_theo_1.wav", Told(7, None, "ann"))

    [record] = place.label("5_theo_1.wav")

    assert (record.truth, record.speaker, record.truth_by) == (7, "theo", "ann")
    assert str(record.score) == "right"


def test_a_clip_that_a_person_has_spoken_for_is_not_unsure(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav", wav(amplitude=DOUBTFUL))
    place.store.clips.correct("a.wav", Told(1, None, "ann"))

    [record] = place.label("a.wav")

    assert (record.state, record.truth) == (State.LABELLED, 1)


def test_a_correction_that_comes_while_the_clip_is_labelled_is_not_lost(
    place: Workplace, tmp_path: Path
) -> None:
    drop(place.house.inbox / "a.wav", wav(amplitude=DOUBTFUL))
    file = tmp_path / "labels.csv"
    line = labels_csv.Line("a.wav", Told(1, None, "ann"), "2026-11-23")

    def corrected_meanwhile() -> float:
        if not file.exists():
            correct(place.store.clips, file, line)
        return time.time()

    batch = place.note("a.wav")
    label_batch(replace(place.bench, clock=_after_claim(corrected_meanwhile)), batch)

    [record] = place.records("a.wav")
    assert (record.state, record.truth, record.truth_by) == (State.LABELLED, 1, "ann")
    assert file.exists()


def test_the_next_clip_is_labelled_by_the_model_that_was_announced(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")
    drop(place.house.inbox / "b.wav", wav(hertz=500))
    [before] = place.label("a.wav")
    tiny_models.publish(place.house.models, SECOND, loud=5)
    place.store.board.announce(Registry(place.house.models).artefact(SECOND))

    [after] = place.label("b.wav")

    assert (before.label, before.model) == (7, FIRST)
    assert (after.label, after.model) == (5, SECOND)


def test_a_model_comes_through_the_store_to_hosts_that_share_no_disk(
    place: Workplace, tmp_path: Path
) -> None:
    tiny_models.publish(tmp_path / "elsewhere", SECOND, loud=5)
    place.store.board.announce(Registry(tmp_path / "elsewhere").artefact(SECOND))
    drop(place.house.inbox / "a.wav")

    [record] = place.label("a.wav")

    assert (record.label, record.model) == (5, SECOND)


def test_the_announced_model_is_taken_from_the_disk_when_the_store_has_no_bytes(
    place: Workplace,
) -> None:
    tiny_models.publish(place.house.models, SECOND, loud=5)
    place.store.board.announce(Registry(place.house.models).artefact(SECOND))
    place.store.board.withdraw(SECOND)
    drop(place.house.inbox / "a.wav")

    [record] = place.label("a.wav")

    assert record.model == SECOND


Damage = Callable[[Artefact], Artefact]


def _changed_bytes(artefact: Artefact) -> Artefact:
    return replace(artefact, litert=artefact.litert + b"!")


def _no_model(artefact: Artefact) -> Artefact:
    announcement = replace(artefact.announcement, litert_sha256=sha256(b"junk").hexdigest())
    return replace(artefact, announcement=announcement, litert=b"junk")


def _other_front_end(artefact: Artefact) -> Artefact:
    return replace(artefact, announcement=replace(artefact.announcement, fingerprint="0" * 16))


def _unknown_front_end(artefact: Artefact) -> Artefact:
    return replace(artefact, announcement=replace(artefact.announcement, front_end="later"))


@pytest.mark.parametrize(
    "damage", [_changed_bytes, _no_model, _other_front_end, _unknown_front_end]
)
def test_a_model_that_cannot_be_used_is_refused_and_the_old_one_stays(
    place: Workplace, damage: Damage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drop(place.house.inbox / "a.wav")
    drop(place.house.inbox / "b.wav", wav(hertz=500))
    place.label("a.wav")
    tiny_models.publish(tmp_path / "elsewhere", SECOND, loud=5)
    artefact = Registry(tmp_path / "elsewhere").artefact(SECOND)
    place.store.board.announce(damage(artefact))

    [record] = place.label("b.wav")

    assert (record.state, record.label, record.model) == (State.LABELLED, 7, FIRST)
    assert f"model {SECOND} is refused, {FIRST} stays" in caplog.text


def test_an_announced_model_that_is_nowhere_leaves_the_old_one(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")
    place.label("a.wav")
    announced = Registry(place.house.models).announcement(FIRST)
    nowhere = Artefact(replace(announced, version="29990101-000000-ffff"), b"", b"")
    place.store.board.announce(nowhere)
    place.store.board.withdraw("29990101-000000-ffff")
    drop(place.house.inbox / "b.wav", wav(hertz=500))

    [record] = place.label("b.wav")

    assert record.model == FIRST


def test_a_corrupt_model_on_disk_is_no_model(place: Workplace, tmp_path: Path) -> None:
    tiny_models.publish(tmp_path / "models", FIRST)
    (tmp_path / "models" / FIRST / LITERT).write_bytes(b"junk")
    live = LiveModel(Registry(tmp_path / "models", shipped=tmp_path / "none"), place.store)

    assert live.current() is None


@pytest.fixture
def bare(place: Workplace, tmp_path: Path) -> Workplace:
    """A workplace without any model, not even a shipped one."""
    registry = Registry(tmp_path / "models", shipped=tmp_path / "none")
    return replace(place, bench=replace(place.bench, model=LiveModel(registry, place.store)))


def test_without_any_model_clips_are_unsure_and_have_their_vectors(bare: Workplace) -> None:
    drop(bare.house.inbox / "7_theo_1.wav")

    [record] = bare.label("7_theo_1.wav")

    assert (record.state, record.label, record.model) == (State.UNSURE, None, None)
    assert (record.truth, str(record.score)) == (7, "unscored")
    [vector] = bare.store.vectors.get(front_end("mfcc-mean"), [str(record.digest)])
    assert vector is not None


def test_clips_without_a_label_get_one_when_there_is_a_model(
    bare: Workplace, tmp_path: Path
) -> None:
    drop(bare.house.inbox / "a.wav")
    bare.label("a.wav")
    (bare.house.inbox / "a.wav").unlink()
    tiny_models.publish(tmp_path / "elsewhere", SECOND)
    bare.store.board.announce(Registry(tmp_path / "elsewhere").artefact(SECOND))

    assert relabel(bare.bench, ["a.wav", "unknown.wav"]) == 1

    [record] = bare.records("a.wav")
    assert (record.state, record.label, record.model) == (State.LABELLED, 7, SECOND)


def test_relabelling_twice_with_the_same_model_changes_no_label(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")
    [before] = place.label("a.wav")

    relabel(place.bench, ["a.wav"])

    [after] = place.records("a.wav")
    assert after.but(done_at=before.done_at) == before


def test_a_failed_clip_is_not_relabelled(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav", b"broken")
    [before] = place.label("a.wav")

    assert relabel(place.bench, ["a.wav"]) == 0

    assert place.records("a.wav") == [before]


def test_a_suspect_is_opened_alone_and_poison_after_three_strikes(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")
    batch = place.note("a.wav")
    place.store.clips.claim(batch.clips, time.time())
    for _ in range(2):
        place.store.clips.strike("a.wav", time.time())

    label_batch(place.bench, batch)

    [record] = place.records("a.wav")
    assert record.state is State.FAILED
    assert record.reason == "poison: the worker died each time that it opened this clip"


def test_a_clip_whose_worker_died_once_by_accident_is_labelled(place: Workplace) -> None:
    drop(place.house.inbox / "a.wav")
    batch = place.note("a.wav")
    place.store.clips.claim(batch.clips, time.time())

    label_batch(place.bench, batch)

    assert place.records("a.wav")[0].state is State.LABELLED
    assert place.store.connection.hgetall(keys.STRIKES) == {}


def test_labelling_loads_no_tensorflow() -> None:
    script = (
        "import sys, numpy as np, worker.app\n"
        "from earmark.model.predict import label_paths\n"
        "print(label_paths(sys.argv[1:])[0].state)\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas', 'librosa', 'sklearn')"
        " if name in sys.modules])"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = drop(Path(folder) / "a.wav")
        done = subprocess.run(
            [sys.executable, "-c", script, str(file)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).resolve().parents[2],
        )

    assert done.stdout.splitlines()[-1] == "[]"


@contextmanager
def without_privileges() -> Iterator[None]:
    """As an ordinary user, whom modes bind; root reads whatever it likes."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def _after_claim(clock: Callable[[], float]) -> Callable[[], float]:
    """The first reading is the claim's lease; what comes later happens under our hands."""
    readings = iter([time.time()])

    def read() -> float:
        return next(readings, None) or clock()

    return read
