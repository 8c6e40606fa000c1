"""The files of the inbox that are clips, by their identities."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from earmark.clips import Revision
from producer.inbox import Inbox
from tests.wavs import drop, wav


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path.resolve())


def test_paths_are_told_relative_to_the_inbox(inbox: Inbox) -> None:
    assert inbox.relative(f"{inbox.root}/deep/a.wav") == "deep/a.wav"
    assert inbox.relative(f"{inbox.root}-beside/a.wav") is None
    assert inbox.relative(str(inbox.root)) is None


def test_an_event_of_what_is_no_clip_by_its_name_is_none(inbox: Inbox) -> None:
    assert inbox.relative(f"{inbox.root}/.rsync/a.wav") is None
    assert inbox.relative(f"{inbox.root}/a.wav.part") is None
    assert inbox.relative(f"{inbox.root}/labels.csv") is None
    assert inbox.relative(f"{inbox.root}/memo") == "memo"


def test_the_content_decides_where_the_name_does_not(inbox: Inbox) -> None:
    for name, data in (("memo", wav()), ("README", b"About")):
        drop(inbox.root / name, data)

    found = {name: inbox.is_clip(name, revised(inbox, name)) for name in ("memo", "README")}

    assert found == {"memo": True, "README": False}


def revised(inbox: Inbox, name: str) -> Revision:
    revision = inbox.revision(name)
    assert revision is not None
    return revision


def test_a_walk_finds_all_clips_and_counts_everything_else(inbox: Inbox) -> None:
    wanted = {"a.wav", "deep/b.wave", "deep/er/c.WAV", "deep/memo"}
    for path in (*wanted, ".hidden.wav", ".deep/d.wav", "e.wav.part"):
        drop(inbox.root / path)
    drop(inbox.root / "e.txt", b"text")
    (inbox.root / "folder.wav").mkdir()
    (inbox.root / "gone.wav").symlink_to("nowhere")

    found = dict(inbox.walk())

    assert set(found) == wanted
    assert found["a.wav"] == Revision.of((inbox.root / "a.wav").stat())
    assert inbox.passed_over == {
        "text": 1, "hidden": 1, "ignored": 1, "ignored folders": 1, "broken links": 1
    }  # fmt: skip


def test_what_was_counted_stands_until_the_next_whole_walk(inbox: Inbox) -> None:
    for name in ("a.wav", "b.wav"):
        drop(inbox.root / name)
    drop(inbox.root / "e.txt")
    list(inbox.walk())
    (inbox.root / "e.txt").unlink()

    next(inbox.walk())

    assert inbox.passed_over == {"text": 1}


def test_links_to_folders_are_not_followed(inbox: Inbox) -> None:
    drop(inbox.root / "deep" / "a.wav")
    (inbox.root / "round").symlink_to(inbox.root)

    assert set(dict(inbox.walk())) == {"deep/a.wav"}
    assert inbox.passed_over == {"links to folders": 1}


def test_a_link_to_a_file_has_the_revision_of_its_target(inbox: Inbox) -> None:
    target = drop(inbox.root / "a.wav")
    (inbox.root / "link.wav").symlink_to(target)

    assert inbox.revision("link.wav") == Revision.of(target.stat())
    assert inbox.revision("nowhere.wav") is None


def test_a_name_that_is_no_utf8_and_one_that_reads_like_its_escape_are_two_clips(
    inbox: Inbox,
) -> None:
    try:
        odd = drop(inbox.root / os.fsdecode(b"caf\xe9.wav"))
    except OSError:
        pytest.skip("this file system takes only valid names")
    literal = drop(inbox.root / "caf\\xe9.wav", wav(seconds=0.3))

    found = dict(inbox.walk())

    assert set(found) == {"caf\\xe9.wav", "caf\\x5cxe9.wav"}
    assert inbox.revision("caf\\xe9.wav") == Revision.of(odd.stat())
    assert inbox.revision("caf\\x5cxe9.wav") == Revision.of(literal.stat())
    assert inbox.relative(str(odd)) == "caf\\xe9.wav"
