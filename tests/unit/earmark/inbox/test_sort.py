"""Labelled clips become a folder tree, and nothing in it is overwritten or removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from earmark.clips import Record, Revision, State
from earmark.errors import EarmarkError
from earmark.files import Placed
from earmark.inbox.sort import Sorted, folder_of, sort

Tone = Callable[..., Path]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def sorted_into(tmp_path: Path) -> Path:
    return tmp_path / "sorted"


def labelled(inbox: Path, path: str, label: int = 7) -> Record:
    revision = Revision.of((inbox / path).stat())
    return Record(path=path, revision=revision, state=State.LABELLED, label=label)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_clip_stands_in_the_folder_of_its_label(
    inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    tone(inbox / "a.wav", hertz=300)
    tone(inbox / "b.wav", hertz=400)
    records = [labelled(inbox, "a.wav", 7), labelled(inbox, "b.wav", 0)]

    result = sort(records, inbox, sorted_into)

    assert files_in(sorted_into) == {"7/a.wav", "0/b.wav"}
    assert (sorted_into / "7/a.wav").samefile(inbox / "a.wav")
    assert result.placed == {Placed.LINKED: 2}
    assert result.folders == {"7": 1, "0": 1}


def test_copies_are_made_when_asked_for(inbox: Path, sorted_into: Path, tone: Tone) -> None:
    clip = tone(inbox / "a.wav")

    sort([labelled(inbox, "a.wav")], inbox, sorted_into, copy=True)

    copy = sorted_into / "7/a.wav"
    assert not copy.samefile(clip)
    assert copy.read_bytes() == clip.read_bytes()
    assert copy.stat().st_mtime_ns == clip.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("changes", "folder"),
    [
        ({}, "7"),
        ({"truth": 1, "truth_by": "name"}, "7"),
        ({"truth": 1, "truth_by": "ann"}, "1"),
        ({"truth": "none", "truth_by": "ann"}, "none"),
        ({"state": State.UNSURE}, None),
        ({"state": State.UNSURE, "label": None, "truth": 2, "truth_by": "ann"}, "2"),
        ({"state": State.FAILED}, None),
        ({"state": State.QUEUED}, None),
    ],
)
def test_a_persons_word_wins_and_only_done_clips_are_sorted(
    changes: dict[str, object], folder: str | None
) -> None:
    record = Record(path="a.wav", revision=Revision(1, 1), state=State.LABELLED, label=7)

    assert folder_of(record.but(**changes)) == folder


def test_unsure_clips_stand_apart_when_asked_for(
    inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    tone(inbox / "a.wav")
    record = labelled(inbox, "a.wav").but(state=State.UNSURE)

    assert sort([record], inbox, sorted_into).folders == {}
    assert sort([record], inbox, sorted_into, unsure=True).folders == {"unsure": 1}
    assert files_in(sorted_into) == {"unsure/a.wav"}


def sort_three_of_one_name(inbox: Path, sorted_into: Path, tone: Tone) -> Sorted:
    names = ("7_x_1.wav", "theo/7_x_1.wav", "deep/er/7_x_1.wav")
    for number, name in enumerate(names):
        tone(inbox / name, hertz=300 + 50 * number)
    return sort([labelled(inbox, name) for name in names], inbox, sorted_into)


def test_clips_of_one_name_get_their_folders_joined_into_it(
    inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    result = sort_three_of_one_name(inbox, sorted_into, tone)

    assert files_in(sorted_into / "7") == {"7_x_1.wav", "deep__er__7_x_1.wav", "theo__7_x_1.wav"}
    assert result.placed == {Placed.LINKED: 3}


def test_sorting_twice_leaves_what_sorting_once_leaves(
    inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    sort_three_of_one_name(inbox, sorted_into, tone)
    once = files_in(sorted_into)

    again = sort_three_of_one_name(inbox, sorted_into, tone)

    assert files_in(sorted_into) == once
    assert again.placed == {Placed.ALREADY: 3}


def test_a_clip_whose_names_are_all_taken_is_refused(
    inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    tone(inbox / "a.wav", hertz=300)
    standing = tone(sorted_into / "7/a.wav", hertz=500).read_bytes()

    result = sort([labelled(inbox, "a.wav")], inbox, sorted_into)

    assert [each.path.name for each in result.refused] == ["a.wav"]
    assert (sorted_into / "7/a.wav").read_bytes() == standing


def test_files_that_are_gone_or_rewritten_are_counted(
    inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    tone(inbox / "gone.wav")
    tone(inbox / "new.wav", seconds=0.1)
    records = [labelled(inbox, "gone.wav"), labelled(inbox, "new.wav")]
    (inbox / "gone.wav").unlink()
    tone(inbox / "new.wav", seconds=0.3)

    result = sort(records, inbox, sorted_into)

    assert (result.gone, result.changed) == (1, 1)
    assert result.folders == {}


def test_a_clip_that_leads_out_of_the_inbox_is_refused(
    tmp_path: Path, inbox: Path, sorted_into: Path, tone: Tone
) -> None:
    secret = tone(tmp_path / "secret.wav")
    inbox.mkdir()
    (inbox / "a.wav").symlink_to(secret)

    result = sort([labelled(inbox, "a.wav")], inbox, sorted_into)

    assert "leads out of the inbox" in result.refused[0].reason
    assert result.folders == {}


def test_the_inbox_is_not_sorted_into_itself(inbox: Path) -> None:
    with pytest.raises(EarmarkError, match="lies in the inbox"):
        sort([], inbox, inbox / "sorted")
