"""The data folder: closed to others, unless it holds more than Earmark's own; held by one `up`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.environment.data_folder import is_open_to, keep_private, only_one, owner_only
from earmark.errors import AlreadyRunning


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_new_folder_is_closed_and_its_parents_are_not(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        keep_private(tmp_path / "srv" / "var")
    finally:
        os.umask(before)

    assert (mode(tmp_path / "srv"), mode(tmp_path / "srv/var")) == (0o755, 0o700)


def test_one_of_an_older_version_is_closed(tmp_path: Path) -> None:
    for name in ("store", "run", "logs", "views"):
        (tmp_path / name).mkdir()
    for name in ("labels.csv", "up.lock", "schedule", "dashboard.sqlite-wal"):
        (tmp_path / name).touch()
    tmp_path.chmod(0o2755)

    keep_private(tmp_path)

    assert mode(tmp_path) == 0o2700


@pytest.mark.parametrize(("stranger", "bits"), [("inbox", 0o755), (None, 0o1777)])
def test_one_that_others_may_need_is_left_alone(
    tmp_path: Path, stranger: str | None, bits: int
) -> None:
    if stranger:
        (tmp_path / stranger).mkdir()
    tmp_path.chmod(bits)

    keep_private(tmp_path)

    assert mode(tmp_path) == bits
    assert is_open_to(tmp_path)


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open(tmp_path / "labels.csv", "x", opener=owner_only):
            pass
    finally:
        os.umask(before)

    assert mode(tmp_path / "labels.csv") == 0o600


def test_only_one_may_hold_a_data_folder(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "var"),
        pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"),
        only_one(tmp_path / "var"),
    ):
        pass


def test_a_data_folder_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one(tmp_path):
            pass


def test_one_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, os\nfrom pathlib import Path\n"
        "from earmark.environment.data_folder import only_one\n"
        "with only_one(Path(sys.argv[1])):\n    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL

    with only_one(tmp_path):
        pass
