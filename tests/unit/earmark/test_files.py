"""Files that are written whole: where they may stand, and where they may not."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from earmark.errors import EarmarkError
from earmark.files import written


def linked(path: Path) -> None:
    (path.parent / "kept").write_text("kept")
    path.symlink_to("kept")


def listened(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (os.mkfifo, "a pipe"),
        (Path.mkdir, "a folder"),
        (linked, "a link"),
        (lambda path: path.symlink_to("nowhere"), "a link"),
        (listened, "a device or a socket"),
    ],
    ids=["pipe", "folder", "link", "broken link", "socket"],
)
def test_what_is_no_regular_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("out"))
    before = Path("out").lstat()

    with pytest.raises(EarmarkError, match=f"out is {kind}"), written(Path("out")):
        pytest.fail("it was begun")

    assert os.path.samestat(Path("out").lstat(), before)


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(EarmarkError, match="/dev/null is a device"), written(Path("/dev/null")):
        pytest.fail("it was begun")


def test_no_folder_is_made(tmp_path: Path) -> None:
    new = tmp_path / "new"
    with pytest.raises(EarmarkError, match=f"there is no folder {new}"), written(new / "out"):
        pytest.fail("it was begun")

    assert list(tmp_path.iterdir()) == []


def test_a_regular_file_is_replaced_when_all_went_well_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("old")

    with suppress(KeyboardInterrupt), written(file) as hidden:
        hidden.write_text("half")
        raise KeyboardInterrupt
    assert file.read_text() == "old"
    with written(file) as hidden:
        hidden.write_text("new")

    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]
