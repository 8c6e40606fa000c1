"""Which files of the inbox are clips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from earmark.clips import Revision
from producer.inbox import Inbox, is_clip
from tests.wavs import drop


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path.resolve())


@pytest.mark.parametrize("path", ["a.wav", "A.WAV", "deep/er/a b.wav", "ünï.wav", "x.tmp.wav"])
def test_a_wav_anywhere_below_is_a_clip(path: str) -> None:
    assert is_clip(path)


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        "a.wav.part",
        "a.wav.crdownload",
        "wav",
        ".a.wav",
        ".a.wav.Xy12",
        ".rsync/a.wav",
        "deep/.trash/a.wav",
        "\udcff.wav",
    ],
)
def test_hidden_and_temporary_names_are_none(path: str) -> None:
    assert not is_clip(path)


def test_paths_are_told_relative_to_the_inbox(inbox: Inbox) -> None:
    assert inbox.relative(f"{inbox.root}/deep/a.wav") == "deep/a.wav"
    assert inbox.relative(f"{inbox.root}-beside/a.wav") is None
    assert inbox.relative(str(inbox.root)) is None


def test_a_walk_finds_all_clips_and_nothing_else(inbox: Inbox) -> None:
    wanted = {"a.wav", "deep/b.wav", "deep/er/c.WAV"}
    for path in (*wanted, ".hidden.wav", ".deep/d.wav", "e.txt"):
        drop(inbox.root / path)
    (inbox.root / "folder.wav").mkdir()
    (inbox.root / "gone.wav").symlink_to("nowhere")

    found = dict(inbox.walk())

    assert set(found) == wanted
    assert found["a.wav"] == Revision.of((inbox.root / "a.wav").stat())


def test_links_to_folders_are_not_followed(inbox: Inbox, tmp_path: Path) -> None:
    drop(inbox.root / "deep" / "a.wav")
    (inbox.root / "round").symlink_to(inbox.root)

    assert set(dict(inbox.walk())) == {"deep/a.wav"}


def test_a_link_to_a_file_has_the_revision_of_its_target(inbox: Inbox) -> None:
    target = drop(inbox.root / "a.wav")
    (inbox.root / "link.wav").symlink_to(target)

    assert inbox.revision("link.wav") == Revision.of(target.stat())
    assert inbox.revision("nowhere.wav") is None


def test_names_that_no_message_can_carry_are_passed_over(inbox: Inbox) -> None:
    try:
        (inbox.root / os.fsdecode(b"\xff.wav")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes only valid names")

    assert list(inbox.walk()) == []
