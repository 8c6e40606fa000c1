"""The supervisor's parts: one on a folder, what it starts, what it lets through to people."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from earmark.errors import ServiceError
from earmark.services.embedded_redis import command as server_command
from earmark.services.embedded_redis import private_folder
from earmark.services.processes import NEEDED
from earmark.services.service_log import LOG_BYTES, LOG_FILES, ServiceLog
from earmark.services.supervisor import Supervised, _cause, _keep, _stop, commands
from earmark.settings import Settings


def test_the_store_starts_first(tmp_path: Path) -> None:
    assert list(commands(Settings(data=tmp_path)))[0] == "store"  # noqa: RUF015
    assert set(NEEDED) <= set(commands(Settings(data=tmp_path)))


def test_another_store_is_not_started_beside() -> None:
    assert "store" not in commands(Settings(redis_url="redis://store:6379/0"))


def test_the_store_listens_on_a_private_socket_alone(tmp_path: Path) -> None:
    words = server_command(Settings(data=tmp_path))
    options = dict(zip(words[1::2], words[2::2], strict=True))

    assert (options["--port"], options["--unixsocketperm"]) == ("0", "700")
    assert (options["--appendonly"], options["--maxmemory-policy"]) == ("yes", "noeviction")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_a_link_is_not_private(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "theirs")

    with pytest.raises(ServiceError, match="belongs to another user"):
        private_folder(tmp_path / "run")


def test_the_cause_of_a_death_is_told_in_words() -> None:
    assert _cause(3) == "exit code 3"
    assert _cause(-signal.SIGKILL) == "killed by SIGKILL"


def service(tmp_path: Path, script: str) -> Supervised:
    command = [sys.executable, "-c", script]
    return Supervised("service", command, ServiceLog("service", tmp_path), rest_seconds=0.01)


def test_what_dies_young_is_started_again_after_ever_longer_rests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks"
    dying = service(tmp_path, f"open({str(marks)!r}, 'a').write('x'); raise SystemExit(7)")

    async def run() -> None:
        dying.keeper = asyncio.create_task(_keep(dying))
        while not marks.exists() or len(marks.read_text()) < 3:
            await asyncio.sleep(0.01)
        await _stop([dying])

    asyncio.run(run())

    rests = [line for line in capsys.readouterr().out.splitlines() if "died" in line]
    assert rests[:2] == [
        "service died (exit code 7); starts again in 0.01 s",
        "service died (exit code 7); starts again in 0.02 s",
    ]


def test_a_service_that_does_not_listen_is_killed_when_its_grace_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("earmark.services.supervisor.GRACE_SECONDS", 0.1)
    deaf = service(
        tmp_path,
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\nsignal.pause()",
    )

    async def run() -> None:
        deaf.keeper = asyncio.create_task(_keep(deaf))
        while "deaf" not in (tmp_path / "service.log").read_text():
            await asyncio.sleep(0.01)
        await _stop([deaf])

    asyncio.run(run())

    assert deaf.process is not None
    assert deaf.process.returncode == -signal.SIGKILL
    assert "service did not stop within 0.1 s and is killed" in capsys.readouterr().out


def test_all_output_is_in_the_log_and_its_gist_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = ServiceLog("worker", tmp_path)
    log.write(b"2026-11-23 04:15:00,123 INFO celery: chatter\n2026-11-23 04:15:01,123 WARN")
    log.write(b"ING celery: look\nlast words \xff")
    log.close()

    written = (tmp_path / "worker.log").read_text()
    assert [line.rpartition(" ")[2] for line in written.splitlines()] == [
        "chatter",
        "look",
        "\ufffd",
    ]
    assert capsys.readouterr().out == "   worker  04:15:01 WARNING celery: look\n"


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    log = ServiceLog("worker", tmp_path)
    for _ in range(5):
        log.write(b"x" * 60_000)
    log.close()

    assert max(map(len, (tmp_path / "worker.log").read_text().splitlines())) <= 160_000


def test_logs_are_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.services.service_log.LOG_BYTES", 1_000)
    log = ServiceLog("worker", tmp_path)
    for number in range(500):
        log.write(f"line {number}\n".encode())
    log.close()

    assert LOG_BYTES > 1_000
    assert len(list(tmp_path.iterdir())) == LOG_FILES + 1
    assert "line 499" in (tmp_path / "worker.log").read_text()


def test_what_dies_at_its_start_tells_its_reason_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dying = service(
        tmp_path,
        "import sys\nprint('banner')\nprint('earmark: the port is taken', file=sys.stderr)\n"
        "print('bye', end='')\nraise SystemExit(1)",
    )

    async def run() -> None:
        dying.keeper = asyncio.create_task(_keep(dying))
        while "died" not in (out := capsys.readouterr().out):
            await asyncio.sleep(0.01)
        told.append(out)
        await _stop([dying])

    told: list[str] = []
    asyncio.run(run())

    assert told[0].splitlines() == [
        "  service  the port is taken",
        "service died (exit code 1); starts again in 0.01 s",
    ]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"Traceback (most recent call last):\nModuleNotFoundError: No module named 'x'\n", 1),
        (b"celery.exceptions.ImproperlyConfigured\nredis.exceptions.BusyLoadingError: x\n", 1),
        (b"Usage: celery\n\nError: Invalid value for '-A'\n\n", 2),
        (b"one\nlast words\n\n", 1),
    ],
)
def test_the_reason_is_the_last_line_that_tells_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: bytes, shown: int
) -> None:
    log = ServiceLog("worker", tmp_path)
    log.write(said)

    log.tell_reason()
    log.tell_reason()
    log.close()

    assert capsys.readouterr().out == f"   worker  {said.decode().splitlines()[shown]}\n"


def test_what_was_shown_already_is_not_said_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = ServiceLog("producer", tmp_path)
    log.write(b"chatter\n2026-11-23 04:15:00,123 ERROR producer: TZ is 'x': no time zone\n")

    log.tell_reason()
    log.close()

    assert (
        capsys.readouterr().out == " producer  04:15:00 ERROR producer: TZ is 'x': no time zone\n"
    )


def test_logs_hide_passwords_and_are_their_owners_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = ServiceLog("worker", tmp_path / "logs")
    log.write(b"ERROR kombu: redis://ann:secret@host/0 and redis://host/0?password=secret\n")
    log.close()

    assert "secret" not in (tmp_path / "logs/worker.log").read_text()
    assert "secret" not in capsys.readouterr().out
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
