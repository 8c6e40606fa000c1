"""Names that Linux allows: each is a clip of its own, through ledger, labels and messages."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earmark.annotations import labels_csv
from earmark.annotations.corrections import correct
from earmark.annotations.labels_csv import Line
from earmark.clips import Record, Revision, State
from earmark.inbox.sort import sort
from earmark.messaging.messages import Batch
from earmark.store import Store
from earmark.truth import Told
from producer.inbox import Inbox
from tests.wavs import drop, wav

Label = Callable[..., list[Record]]

NOW = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)
COMPOSED, DECOMPOSED = "caf\u00e9.wav", "cafe\u0301.wav"
ODD = (
    COMPOSED,
    DECOMPOSED,
    "line\nbreak.wav",
    "carriage\rreturn.wav",
    "tab\tulator.wav",
    "quo\"te's.wav",
    "com,ma;s.wav",
    " leading blank.wav",
    "\nleading break.wav",
    "back\\slash.wav",
    "-n.wav",
    "$(reboot).wav",
    "%s{0}.wav",
    "\u202eright-to-left.wav",
    "7_theo_3.WAV",
    "deep er/\U0001f3b5.wav",
    "x" * 251 + ".wav",
    "/".join(["y" * 250] * 12) + "/z.wav",
    "=1+1.wav",
    "#hash.wav",
)


def placed(inbox: Path, *names: str) -> Inbox:
    for index, name in enumerate(names):
        drop(inbox / name, wav(hertz=200 + 10 * index))
    return Inbox(inbox.resolve())


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_it_is_found_and_told_as_it_is(tmp_path: Path, name: str) -> None:
    inbox = placed(tmp_path, name)

    assert [path for path, _ in inbox.walk()] == [name]
    assert inbox.relative(f"{inbox.root}/{name}") == name


def test_each_gets_its_label_and_its_correction(
    tmp_path: Path, store: Store, label_inbox: Label
) -> None:
    inbox = placed(tmp_path / "inbox", *(name for name in ODD if name.endswith(".wav")))
    names = {path for path, _ in inbox.walk()}

    label_inbox(inbox.root)
    for name in names:
        line = labels_csv.statement(name, 4, speaker=None, by="ann", at=NOW)
        correct(store.clips, tmp_path / "labels.csv", line)

    records = {record.path: record for record in store.clips.all_records()}
    assert records.keys() == names
    assert {(record.state, record.truth) for record in records.values()} == {(State.LABELLED, 4)}
    assert {line.path for line in labels_csv.read(tmp_path / "labels.csv")} == names


def test_a_name_that_is_no_utf8_gets_its_label_its_correction_and_its_copy(
    tmp_path: Path, store: Store, label_inbox: Label
) -> None:
    name = os.fsdecode(b"7_jos\xe9_0.wav")
    try:
        inbox = placed(tmp_path / "inbox", name, "7_jos\\xe9_0.wav")
    except OSError:
        pytest.skip("this file system takes only valid names")
    odd, literal = "7_jos\\xe9_0.wav", "7_jos\\x5cxe9_0.wav"

    label_inbox(inbox.root)
    line = labels_csv.statement(odd, 4, speaker=None, by="ann", at=NOW)
    correct(store.clips, tmp_path / "labels.csv", line)
    sorting = sort(store.clips.all_records(), inbox.root, tmp_path / "sorted")

    records = {record.path: record for record in store.clips.all_records()}
    assert {path: each.truth for path, each in records.items()} == {odd: 4, literal: 7}
    assert {each.state for each in records.values()} == {State.LABELLED}
    assert sorting.folders == {"4": 1, "7": 1}
    assert os.listdir(tmp_path / "sorted/4") == [name]


def test_two_normal_forms_of_one_word_are_two_clips(
    tmp_path: Path, store: Store, label_inbox: Label
) -> None:
    inbox = placed(tmp_path / "inbox", COMPOSED, DECOMPOSED)
    if len(list(inbox.walk())) == 1:
        pytest.skip("this file system takes both for one name")

    label_inbox(inbox.root)

    records = {record.path: record.digest for record in store.clips.all_records()}
    assert records.keys() == {COMPOSED, DECOMPOSED}
    assert len(set(records.values())) == 2


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_a_line_of_the_labels_file_tells_it_as_it_is(tmp_path: Path, name: str) -> None:
    file = tmp_path / "labels.csv"
    said = [Line(name, Told(7, 'th"e\no', "a,b"), NOW.isoformat()), Line("b.wav", Told(1), "")]

    labels_csv.append(file, said)
    labels_csv.rewrite(file, keep=lambda line: line.path == name)

    assert list(labels_csv.read(file)) == said[:1]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_a_message_carries_it_as_it_is(name: str) -> None:
    batch = Batch(((name, Revision(1, 2)),))

    assert Batch.from_json(json.loads(json.dumps(batch.to_json()))) == batch
