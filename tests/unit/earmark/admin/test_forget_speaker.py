"""A speaker who is forgotten leaves nothing behind, and takes nothing of the others along."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from earmark.admin.forget_speaker import FILE, Forgotten, Place, forget, read, survey
from earmark.annotations import labels_csv
from earmark.annotations.corrections import correct
from earmark.cli.app import app
from earmark.clips import Record, Revision, State
from earmark.errors import LabelError, TrainingBusy
from earmark.frontends import front_end
from earmark.inbox.wait import Clock, wait_until_settled
from earmark.model.registry import Registry
from earmark.store import Store, keys
from earmark.store.ledger import Settlement
from earmark.store.vectors import table
from earmark.truth import Told
from producer.inbox import Inbox
from producer.reconcile import unrecorded
from tests import tiny_models

Tone = Callable[..., Path]
Label = Callable[..., list[Record]]

NOW = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)
FRONT_END = front_end("mfcc-mean")


@pytest.fixture
def place(store: Store, tmp_path: Path, published_models: Path) -> Place:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return Place(store, Registry(published_models), inbox.resolve(), tmp_path / "var")


@pytest.fixture
def heard(place: Place, tone: Tone, label_inbox: Label) -> dict[str, Record]:
    """Two clips of theo, one of them corrected, and one of ann."""
    for name, hertz in (("theo/7_theo_0.wav", 300), ("memo.wav", 400), ("3_ann_0.wav", 500)):
        tone(place.inbox / name, hertz=hertz)
    records = {record.path: record for record in label_inbox(place.inbox)}
    said = labels_csv.statement("memo.wav", 4, speaker="theo", by="ben", at=NOW)
    correct(place.store.clips, place.labels_file, said)
    ann = labels_csv.statement("3_ann_0.wav", 3, speaker=None, by="ben", at=NOW)
    correct(place.store.clips, place.labels_file, ann)
    return records


def forget_theo(place: Place, *, files: bool = False) -> Forgotten:
    return forget(place, survey(place, "theo"), files=files, now=NOW)


def paths(place: Place) -> set[str]:
    return {record.path for record in place.store.clips.all_records()}


def vectors(place: Place, *records: Record) -> list[bool]:
    found = place.store.vectors.get(FRONT_END, [str(record.digest) for record in records])
    return [vector is not None for vector in found]


def test_records_vectors_and_labels_of_the_speaker_are_gone(
    place: Place, heard: dict[str, Record]
) -> None:
    gone = forget_theo(place)

    assert (gone.records, gone.vectors, gone.labels) == (2, 2, 1)
    assert paths(place) == {"3_ann_0.wav"}
    assert vectors(place, *heard.values()) == [True, False, False]
    assert place.store.clips.corrections(["memo.wav", "3_ann_0.wav"]) == [
        None,
        Told(3, None, "ben"),
    ]
    assert [line.path for line in labels_csv.read(place.labels_file)] == ["3_ann_0.wav"]


def test_counts_are_true_afterwards(place: Place, heard: dict[str, Record]) -> None:
    forget_theo(place)

    assert sum(place.store.clips.counts().values()) == 1
    assert sum(place.store.clips.scores().values()) == 1
    assert place.store.clips.unfinished() == 0


def test_no_key_of_the_store_names_the_speaker_but_the_list_of_what_stays_forgotten(
    place: Place, heard: dict[str, Record]
) -> None:
    place.store.training.end_training({"speakers": {"theo": "known_voices", "ann": "known_voices"}})

    forget_theo(place)

    naming = {
        key
        for key in place.store.connection.keys("earmark:*")
        if b"theo" in (place.store.connection.dump(key) or b"")
    }
    assert naming == {keys.FORGOTTEN.encode()}


def test_a_copy_that_nobody_is_named_for_is_forgotten_too(
    place: Place, heard: dict[str, Record], label_inbox: Label
) -> None:
    shutil.copy(place.inbox / "theo/7_theo_0.wav", place.inbox / "copy.wav")
    label_inbox(place.inbox)

    forget_theo(place)

    assert paths(place) == {"3_ann_0.wav"}


def test_what_another_speaker_shares_stays(
    place: Place, heard: dict[str, Record], label_inbox: Label
) -> None:
    shutil.copy(place.inbox / "theo/7_theo_0.wav", place.inbox / "7_eve_0.wav")
    label_inbox(place.inbox)

    forget_theo(place)

    assert paths(place) == {"3_ann_0.wav", "7_eve_0.wav"}
    assert vectors(place, heard["theo/7_theo_0.wav"]) == [True]


def test_the_files_stay_and_are_not_noted_again(
    place: Place, heard: dict[str, Record], label_inbox: Label
) -> None:
    forget_theo(place)

    found = [clip for chunk in unrecorded(Inbox(place.inbox), place.store.clips) for clip in chunk]
    label_inbox(place.inbox)

    assert (place.inbox / "memo.wav").exists()
    assert found == []
    assert paths(place) == {"3_ann_0.wav"}


def test_a_wiped_store_learns_what_stays_forgotten(
    place: Place, heard: dict[str, Record], label_inbox: Label
) -> None:
    forget_theo(place)
    place.store.connection.flushall()

    place.store.clips.keep_forgotten(read(place.data / FILE))
    label_inbox(place.inbox)

    assert paths(place) == {"3_ann_0.wav"}


def test_a_file_that_is_written_anew_is_a_new_clip(
    place: Place, heard: dict[str, Record], tone: Tone, label_inbox: Label
) -> None:
    forget_theo(place)
    tone(place.inbox / "memo.wav", hertz=800, seconds=0.4)
    label_inbox(place.inbox)

    assert paths(place) == {"3_ann_0.wav", "memo.wav"}


def test_with_files_the_recordings_are_deleted_and_no_others(
    place: Place, heard: dict[str, Record]
) -> None:
    gone = forget_theo(place, files=True)

    assert gone.files == 2
    assert gone.kept_files == ()
    assert [path.name for path in place.inbox.rglob("*.wav")] == ["3_ann_0.wav"]


def test_a_clip_that_was_not_heard_yet_is_forgotten_too(place: Place, tone: Tone) -> None:
    path = tone(place.inbox / "7_theo_0.wav")
    revision = Revision.of(path.stat())
    record = Record(path="7_theo_0.wav", revision=revision, state=State.PENDING, speaker="theo")
    place.store.clips.note([record], time.time())

    forget_theo(place)

    assert paths(place) == set()
    assert place.store.clips.claim([("7_theo_0.wav", revision)], 0) == [None]


def test_a_clip_that_a_worker_has_in_hand_is_not_settled(place: Place, tone: Tone) -> None:
    path = tone(place.inbox / "7_theo_0.wav")
    revision = Revision.of(path.stat())
    record = Record(path="7_theo_0.wav", revision=revision, state=State.PENDING, speaker="theo")
    place.store.clips.note([record], time.time() + 60)
    [claim] = place.store.clips.claim([("7_theo_0.wav", revision)], time.time() + 60)
    assert claim is not None

    forget_theo(place)
    heard = claim.record.but(state=State.LABELLED, label=7, digest="00ff" * 8)
    settlement = Settlement(heard, b"", np.zeros(FRONT_END.dimensions, np.float32))
    place.store.clips.settle([settlement], table(FRONT_END), "worker@here:1")

    assert paths(place) == set()
    assert place.store.vectors.count(FRONT_END) == 0


def test_nobody_waits_for_a_clip_that_stays_forgotten(
    place: Place, heard: dict[str, Record]
) -> None:
    forget_theo(place)
    revision = Revision.of((place.inbox / "memo.wav").stat())
    clock = Clock(now=lambda: 0.0, sleep=lambda seconds: pytest.fail("it waits"))

    ended = wait_until_settled(place.store, {"memo.wav": revision}, clock, lambda clips: None)

    assert ended == {}


def test_a_label_of_a_clip_that_is_not_there_is_forgotten(place: Place) -> None:
    said = labels_csv.statement("lost.wav", 4, speaker="theo", by="ben", at=NOW)
    labels_csv.append(place.labels_file, [said])
    place.store.clips.correct("lost.wav", said.told)

    forget_theo(place)

    assert list(labels_csv.read(place.labels_file)) == []
    assert place.store.clips.corrections(["lost.wav"]) == [None]


def test_cached_views_are_deleted_for_they_hold_the_voice(
    place: Place, heard: dict[str, Record]
) -> None:
    for name in ("mfcc-time-ab12.views", "lock"):
        (place.data / "views").mkdir(parents=True, exist_ok=True)
        (place.data / "views" / name).write_bytes(b"views")

    gone = forget_theo(place)

    assert gone.views == 1
    assert [path.name for path in (place.data / "views").iterdir()] == ["lock"]


def test_while_a_training_may_hear_the_voice_nothing_is_forgotten(
    place: Place, heard: dict[str, Record]
) -> None:
    with (
        place.store.training.training_lock(),
        pytest.raises(TrainingBusy, match="may hear 'theo': forget when it has ended"),
    ):
        forget_theo(place)

    assert paths(place) == heard.keys()
    assert read(place.data / FILE) == {}


def test_the_models_that_were_trained_on_the_voice_are_named(
    place: Place, heard: dict[str, Record], tmp_path: Path
) -> None:
    for version, digest in (
        (tiny_models.FIRST, heard["3_ann_0.wav"].digest),
        (tiny_models.SECOND, heard["memo.wav"].digest),
    ):
        tiny_models.publish(tmp_path / "own", version, trained_on=[str(digest)])
    place = Place(place.store, Registry(tmp_path / "own"), place.inbox, place.data)

    assert survey(place, "theo").models == (tiny_models.SECOND,)


def test_cut_off_before_the_end_it_is_finished_by_the_next_call(
    place: Place, heard: dict[str, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(labels_csv, "rewrite", cut_off)
        with pytest.raises(KeyboardInterrupt):
            forget_theo(place)
    forget_theo(place)

    assert [line.path for line in labels_csv.read(place.labels_file)] == ["3_ann_0.wav"]
    assert paths(place) == {"3_ann_0.wav"}


def test_a_speaker_of_whom_nothing_is_known_is_an_error(place: Place) -> None:
    with pytest.raises(LabelError, match="tells of a speaker 'nobody'"):
        survey(place, "nobody")


def test_a_damaged_list_of_the_forgotten_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("path,revision\nmemo.wav,yesterday\n")

    with pytest.raises(LabelError, match=r"forgotten\.csv is damaged"):
        read(tmp_path / FILE)


def test_names_with_line_breaks_stay_forgotten(place: Place, tone: Tone) -> None:
    path = tone(place.inbox / 'li"ne\n' / "7_theo_0.wav")

    forget_theo(place)

    assert read(place.data / FILE) == {'li"ne\n/7_theo_0.wav': Revision.of(path.stat())}


def test_the_command_asks_before_and_queues_a_training_after(
    online: Path, tone: Tone, label_inbox: Label, store: Store
) -> None:
    tone(online / "inbox" / "7_theo_0.wav")
    label_inbox(online / "inbox")
    runner = CliRunner()

    refused = runner.invoke(app, ["forget", "theo"], input="n\n")
    left = len(list(store.clips.all_records()))
    done = runner.invoke(app, ["forget", "theo", "--yes", "--files"])

    assert refused.exit_code == 1
    assert left == 1
    assert done.exit_code == 0, done.output
    assert "forgotten: 1 record, 1 vector, 0 labels, 0 views, 1 file" in done.output
    assert os.listdir(online / "inbox") == []
    assert store.connection.llen("earmark:celery:training") == 1
