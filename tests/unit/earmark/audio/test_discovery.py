"""Which files are clips, everywhere the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from earmark.audio.discovery import Discovery
from earmark.audio.kinds import Kind, kind_of_file
from earmark.audio.reader import Failed
from earmark.clips import Revision
from earmark.datasets.table import named_wavs
from tests.wavs import drop, wav


def kind_of(found: Discovery, file: Path) -> Kind:
    return found.kind(str(file), Revision.of(file.stat()))


@pytest.mark.parametrize(
    "path",
    ["a.wav", "A.WAV", "a.wave", "a.WaVe", "deep/er/a b.wav", "ünï.wav", "x.tmp.wav", "\udcff.wav"],
)
def test_a_wav_anywhere_below_is_a_clip(path: str) -> None:
    assert Discovery().by_path(path) is Kind.CLIP


@pytest.mark.parametrize(
    "path",
    [
        *("a.txt", "a.CSV", "labels.csv", "Labels.csv", "a.wav.part", "a.wav.crdownload"),
        *("Unconfirmed 4711.crdownload", "a.wav.opdownload", "a.wav.partial", "a.wav.download"),
        *("a.wav.filepart", "a.TMP", "a.wav~", "thumbs.db", "Desktop.ini", ".a.wav"),
        *(".a.wav.Xy12", "._a.wav", ".rsync/a.wav", "deep/.trash/a.wav", "a.wav.download/a.wav"),
        "__MACOSX/a.wav",
    ],
)
def test_hidden_temporary_and_plainly_other_names_are_none(path: str) -> None:
    assert Discovery().by_path(path) not in (None, Kind.CLIP)


@pytest.mark.parametrize("name", ["memo", "memo.bin", "song.mp3", "memo.wav.bak", "memo.flac"])
def test_the_content_decides_where_the_name_does_not(tmp_path: Path, name: str) -> None:
    clip, text = drop(tmp_path / "clip" / name), drop(tmp_path / "text" / name, b"About")

    assert Discovery().by_name(name) is None
    assert (kind_of(Discovery(), clip), kind_of(Discovery(), text)) == (Kind.CLIP, Kind.TEXT)


def test_a_table_that_is_named_so_is_not_read(tmp_path: Path) -> None:
    assert kind_of(Discovery(), drop(tmp_path / "labels.csv", wav())) is Kind.LABELS


def test_a_file_is_read_once_for_each_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def watched(file: str) -> Kind:
        read.append(file)
        return kind_of_file(file)

    monkeypatch.setattr("earmark.audio.discovery.kind_of_file", watched)
    found, file = Discovery(), drop(tmp_path / "memo", b"About")

    kinds = [kind_of(found, file) for _ in range(3)]
    drop(file)
    kinds.append(kind_of(found, file))

    assert kinds == [Kind.TEXT] * 3 + [Kind.CLIP]
    assert read == [str(file)] * 2


def test_what_cannot_be_read_is_looked_at_again(tmp_path: Path) -> None:
    found, file = Discovery(), tmp_path / "memo"

    assert found.kind(str(file), Revision(1, 1)) is Kind.UNREADABLE
    drop(file)
    assert found.kind(str(file), Revision(1, 1)) is Kind.CLIP


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert kind_of(Discovery(), tmp_path / "pipe") is Kind.SPECIAL


def test_other_patterns_take_the_place_of_the_default_ones() -> None:
    found = Discovery(("test*", "*.bak"))

    assert found.by_path("Test 1.wav") is Kind.IGNORED
    assert found.by_path("tests/a.wav") is Kind.IGNORED
    assert found.by_path(".hidden.wav") is Kind.CLIP
    assert found.by_path(".0123456789abcdef.part") is Kind.HIDDEN


def test_the_clips_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = ["b.WAV", "c", "deep/.trash/x.wav", "deep/d.wave", "a.wav", ".x.wav", "deep/er/e.wav"]
    for name in names:
        drop(tmp_path / name)
    drop(tmp_path / "z.txt")

    found = Discovery().clips_below(tmp_path)

    wanted = ["a.wav", "b.WAV", "c", "deep/d.wave", "deep/er/e.wav"]
    assert [path.relative_to(tmp_path).as_posix() for path in found] == wanted


def test_a_folder_that_is_left_out_is_not_entered(tmp_path: Path) -> None:
    drop(tmp_path / "a.wav")
    inbox = drop(tmp_path / "inbox/b.wav").parent.resolve()

    assert Discovery().clips_below(tmp_path, leave_out=inbox) == [tmp_path / "a.wav"]


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to("nowhere")

    [failed] = Discovery().clips([tmp_path])

    assert isinstance(failed, Failed)
    assert (failed.path.name, failed.reason) == (
        "a.wav",
        "it cannot be read: No such file or directory",
    )


def test_files_are_taken_as_they_are_given_and_folders_for_their_clips(tmp_path: Path) -> None:
    drop(tmp_path / "in/a.WAV")
    (tmp_path / "empty").mkdir()
    text = drop(tmp_path / "notes.txt", b"no")

    given = [text, tmp_path / "in", tmp_path / "empty", tmp_path / "nowhere"]
    first, second, empty, nowhere = Discovery().clips(given)

    assert [first, second] == [text, tmp_path / "in/a.WAV"]
    assert isinstance(empty, Failed)
    assert isinstance(nowhere, Failed)
    assert empty.reason == "there is no wav file in this folder"
    assert nowhere.reason == "there is no such file"


def test_clips_named_after_their_digit_are_found_by_the_same_rules(tmp_path: Path) -> None:
    for name in ("7_theo_0.WAV", "sub/7_theo_1.wave", ".trash/7_theo_2.wav", "memo.wav"):
        drop(tmp_path / name)

    assert [path.name for path in named_wavs(tmp_path)] == ["7_theo_0.WAV", "7_theo_1.wave"]
