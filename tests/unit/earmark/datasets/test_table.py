"""The store's clips with a truth as a table: each content once, with the newest word."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earmark.audio.decode import Limits
from earmark.clips import Record
from earmark.datasets.table import from_folder, from_store
from earmark.frontends import front_end
from earmark.store import Store
from earmark.store.vectors import table

Tone = Callable[..., Path]
Label = Callable[[Path], list[Record]]

MFCC_MEAN = front_end("mfcc-mean")


def change(store: Store, path: str, **values: object) -> None:
    [old] = store.clips.records([path])
    assert old is not None
    assert store.clips.swap([(old, old.but(**values))]) == [path]


def test_clips_with_a_truth_are_rows_and_others_are_not(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "ann/7_ann_0.wav", hertz=300)
    tone(tmp_path / "bob/3_bob_0.wav", hertz=400)
    tone(tmp_path / "memo.wav", hertz=500)
    (tmp_path / "4_bob_0.wav").write_bytes(b"broken")
    label_inbox(tmp_path)

    stored = from_store(store, MFCC_MEAN)

    rows = stored.table.sort_values("path")
    assert list(zip(rows["path"], rows["digit"], rows["speaker"], strict=True)) == [
        ("ann/7_ann_0.wav", 7, "ann"),
        ("bob/3_bob_0.wav", 3, "bob"),
    ]
    assert [len(vector) for vector in rows["vector"]] == [40, 40]
    assert stored.lacking == []


def test_copies_count_once_and_a_persons_word_wins(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav")
    shutil.copy(tmp_path / "7_ann_0.wav", tmp_path / "renamed.wav")
    label_inbox(tmp_path)
    change(store, "renamed.wav", truth=1, truth_by="bob")

    stored = from_store(store, MFCC_MEAN).table

    assert stored[["path", "digit"]].to_dict("records") == [{"path": "renamed.wav", "digit": 1}]


def test_a_copy_that_tells_no_speaker_still_belongs_to_its_speaker(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav")
    shutil.copy(tmp_path / "7_ann_0.wav", tmp_path / "renamed.wav")
    label_inbox(tmp_path)
    change(store, "renamed.wav", truth=1, truth_by="bob", speaker=None)

    assert from_store(store, MFCC_MEAN).table["speaker"].tolist() == ["ann"]


def test_what_a_person_called_no_digit_is_no_training_data(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav")
    label_inbox(tmp_path)
    change(store, "7_ann_0.wav", truth="none", truth_by="bob")

    assert len(from_store(store, MFCC_MEAN).table) == 0


def test_a_clip_whose_file_is_gone_still_counts(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav").rename(tmp_path / "7_ann_1.wav")
    label_inbox(tmp_path)
    change(store, "7_ann_1.wav", gone=True)

    assert from_store(store, MFCC_MEAN).table["path"].tolist() == ["7_ann_1.wav"]


def test_clips_without_a_vector_are_named_not_dropped_in_silence(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav", hertz=300)
    tone(tmp_path / "3_ann_0.wav", hertz=400)
    [_, seven] = label_inbox(tmp_path)
    store.connection.hdel(table(MFCC_MEAN), bytes.fromhex(str(seven.digest)))

    stored = from_store(store, MFCC_MEAN)

    assert stored.lacking == ["7_ann_0.wav"]
    assert stored.table["path"].tolist() == ["3_ann_0.wav"]


def test_the_vectors_are_those_that_were_stored(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav")
    [record] = label_inbox(tmp_path)
    [vector] = store.vectors.get(MFCC_MEAN, [str(record.digest)])
    assert vector is not None

    np.testing.assert_array_equal(from_store(store, MFCC_MEAN).table["vector"][0], vector)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:2_000])


def test_a_truncated_clip_is_no_training_data_until_a_person_has_spoken_for_it(
    tmp_path: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    tone(tmp_path / "7_ann_0.wav")
    cut(tone(tmp_path / "7_bob_0.wav", hertz=400))
    label_inbox(tmp_path)

    assert from_store(store, MFCC_MEAN).table["path"].tolist() == ["7_ann_0.wav"]
    change(store, "7_bob_0.wav", truth=7, truth_by="carol")

    rows = from_store(store, MFCC_MEAN).table
    assert sorted(zip(rows["path"], rows["speaker"], strict=True)) == [
        ("7_ann_0.wav", "ann"),
        ("7_bob_0.wav", "bob"),
    ]


def test_truncated_clips_of_a_folder_are_left_out_and_that_is_said(
    tmp_path: Path, tone: Tone, caplog: pytest.LogCaptureFixture
) -> None:
    tone(tmp_path / "7_ann_0.wav")
    cut(tone(tmp_path / "7_bob_0.wav", hertz=400))

    table = from_folder(tmp_path, MFCC_MEAN, Limits(1 << 20, 30.0))

    assert table["speaker"].tolist() == ["ann"]
    assert caplog.messages == [f"truncated clips below {tmp_path} that are left out: 1"]
