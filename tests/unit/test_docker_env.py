"""The one command that compose asks for: `sh docker-env.sh`."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.install.variables import read_env

Run = Callable[..., str]


@pytest.fixture
def run(repository: Path, tmp_path: Path) -> Run:
    """Runs the script in an empty folder, with nothing but what is given in its environment."""
    shutil.copy(repository / "docker-env.sh", tmp_path)

    def run(**environ: str) -> str:
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        done = subprocess.run(
            ["sh", tmp_path / "docker-env.sh"],
            env=path | environ,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    return run


def told(folder: Path) -> dict[str, str]:
    return read_env((folder / ".env").read_text())


def test_it_writes_who_runs_it_a_time_zone_and_a_token(run: Run, tmp_path: Path) -> None:
    run(TZ="Europe/Berlin")

    found = told(tmp_path)
    user = os.getuid() or 10001
    assert (found["OWNER_UID"], found["TZ"]) == (str(user), "Europe/Berlin")
    assert len(found["EARMARK_DASHBOARD_TOKEN"]) == 40
    assert (tmp_path / "inbox").stat().st_uid == user


def test_only_its_owner_may_read_the_token(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").touch(mode=0o644)

    printed = run()

    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert told(tmp_path)["EARMARK_DASHBOARD_TOKEN"] not in printed


def test_what_stands_there_is_never_changed(run: Run, tmp_path: Path) -> None:
    mine = "# mine\nEARMARK_DASHBOARD_TOKEN=of my own\nEARMARK_INBOX=clips\nEARMARK_WORKERS=3"
    (tmp_path / ".env").write_text(mine)

    run()
    once = (tmp_path / ".env").read_text()
    run(TZ="Asia/Tokyo")

    assert once.startswith(f"{mine}\n")
    assert (tmp_path / ".env").read_text() == once
    assert told(tmp_path).keys() >= {"OWNER_UID", "OWNER_GID", "TZ"}
    assert (tmp_path / "clips").is_dir()


def test_a_second_checkout_has_another_token(run: Run, tmp_path: Path) -> None:
    run()
    first = told(tmp_path)
    (tmp_path / ".env").unlink()
    run()

    assert told(tmp_path)["EARMARK_DASHBOARD_TOKEN"] != first["EARMARK_DASHBOARD_TOKEN"]


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ('"America/New_York"', "America/New_York"),
        ("CET-1CEST,M3.5.0", "UTC"),
        ("/etc/elsewhere", "UTC"),
    ],
)
def test_a_time_zone_is_one_that_python_knows(
    given: str, zone: str, run: Run, tmp_path: Path
) -> None:
    run(TZ=given)

    assert told(tmp_path)["TZ"] == zone


@pytest.mark.parametrize("given", ['"my clips"', "'my clips'", "my clips", "~/my clips"])
def test_the_inbox_that_compose_will_mount_is_made(given: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"EARMARK_INBOX={given}\n")

    run(HOME=str(tmp_path))

    assert (tmp_path / "my clips").is_dir()
    assert not (tmp_path / "~").exists()


def test_who_cannot_write_to_the_inbox_is_told_how_to_mend_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / ".env").write_text("OWNER_UID=4321\nOWNER_GID=4321\n")

    assert "sudo chown -R 4321 inbox" in run()


def test_under_sudo_all_belongs_to_whoever_called_it(run: Run, tmp_path: Path) -> None:
    run(SUDO_UID="1234", SUDO_GID="1234")

    user = 1234 if os.getuid() == 0 else os.getuid()
    assert told(tmp_path)["OWNER_UID"] == str(user)
    assert {path.stat().st_uid for path in (tmp_path / ".env", tmp_path / "inbox")} == {user}
