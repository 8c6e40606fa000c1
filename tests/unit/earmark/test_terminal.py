"""What is printed: one line each, fit for a terminal, and no traceback where it cannot be taken."""

from __future__ import annotations

import ast
import io
import logging
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import pytest

from earmark.cli import main
from earmark.cli.status_watch import spark
from earmark.services.service_log import ServiceLog, make_printable
from earmark.terminal import print_table, printable, shortened
from tests.fixture_types import Label, Tone

EVIL = "red\x1b[31m\n\u202eearmark: all is well.wav"
SAFE = "red?[31m??earmark: all is well.wav"
PRINTERS = {"print", "echo", "secho"}
"""What writes to a terminal as it is."""


def started(*words: object) -> list[str]:
    return [sys.executable, "-m", "earmark", *map(str, words)]


def environment(repository: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(repository), **more}


def shown_in_a_terminal(repository: Path, columns: int, *words: object) -> list[str]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environ = environment(repository)
    environ.pop("COLUMNS", None)
    with subprocess.Popen(started(*words), env=environ, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux tells so that nobody is at the other end any more
            pass
        os.close(ours)
        assert process.wait(20) == 0
    return shown.decode().splitlines()


def test_what_could_command_a_terminal_or_feign_a_line_is_shown_as_a_question_mark() -> None:
    assert printable(EVIL) == SAFE
    assert printable("caf\udce9.wav") == "caf?.wav"
    assert printable("J\u00fcrgen \U0001f3b5.wav") == "J\u00fcrgen \U0001f3b5.wav"


@pytest.mark.parametrize("width", range(12))
def test_a_shortened_text_keeps_its_ends_and_its_width(width: int) -> None:
    assert len(shortened("0123456789", width)) == min(width, 10)
    assert shortened("0123456789", 8) == "012...89"


def test_one_long_name_pads_no_other_row(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 4_000

    print_table(
        [{"path": long, "state": "failed"}, {"path": "a.wav", "state": "failed"}], ("path", "state")
    )

    head, first, second = capsys.readouterr().out.splitlines()
    assert first == f"{long}  failed"
    assert len(head) < len(second) < 100


def test_commands_print_through_one_function_alone(repository: Path) -> None:
    printing = [
        f"{path.relative_to(repository)}:{node.lineno}"
        for room in ("earmark", "producer", "worker", "trainer", "dashboard")
        for path in sorted((repository / room).rglob("*.py"))
        if path.name != "terminal.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in PRINTERS
    ]

    assert printing == []


def test_a_table_of_clips_fits_the_terminal(
    online: Path, repository: Path, tone: Tone, label_inbox: Label
) -> None:
    tone(online / "inbox" / EVIL)
    tone(online / "inbox" / ("long" * 50 + ".wav"))
    label_inbox(online / "inbox")

    lines = shown_in_a_terminal(repository, 70, "clips", "list")

    assert {len(line) <= 70 for line in lines} == {True}
    assert any(line.startswith("longlong") and "..." in line for line in lines)
    assert any(line.startswith("red?[31m") and ".wav  labelled" in line for line in lines)


def test_into_a_pipe_names_are_whole_and_json_is_exact(
    online: Path, repository: Path, tone: Tone, label_inbox: Label
) -> None:
    tone(online / "inbox" / EVIL)
    label_inbox(online / "inbox")
    environ = environment(repository)

    table, answer = (
        subprocess.run(
            started("clips", "list", *form),
            env=environ,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for form in ([], ["--json"])
    )

    assert SAFE in table
    assert "\x1b" not in table
    assert r"red\u001b[31m\n\u202eearmark" in answer


def test_an_error_that_names_a_file_is_one_line(home: Path, repository: Path) -> None:
    ended = subprocess.run(
        started("restore", EVIL),
        env=environment(repository, EARMARK_REDIS_URL=os.environ.get("EARMARK_REDIS_URL", "")),
        capture_output=True,
        check=False,
        text=True,
    )

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "\x1b" not in ended.stderr


def test_a_line_of_a_services_log_cannot_command_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = ServiceLog("producer", tmp_path)

    log.write(
        f"2026-01-01 00:00:00,000 WARNING producer: {EVIL}\n".replace("\n\u202e", "").encode()
    )
    log.close()

    assert "red?[31m" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("producer.inbox", f"{SAFE} cannot be read"),
        ("celery.app.trace", "red?[31m\n?earmark: all is well.wav cannot be read"),
    ],
)
def test_a_name_in_a_message_cannot_command_the_terminal(
    name: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.Logger(name)
    logger.addHandler(logging.StreamHandler(sys.stderr))
    make_printable(logger)

    logger.warning("%s cannot be read", EVIL)

    assert capsys.readouterr().err == f"{shown}\n"


COMMANDS: Sequence[Sequence[str]] = (
    ["--help"],
    ["--version"],
    ["train", "--help"],
    ["clips", "list"],
    ["clips", "list", "--json"],
    ["status"],
    ["models", "list"],
    ["models", "show"],
    ["dataset"],
    ["label", "inbox"],
    ["features", "inbox"],
    ["sort", "sorted"],
    ["ingest", "inbox"],
    ["doctor"],
    ["train", "--json"],
    ["backup", "kept.tar.gz"],
)  # fmt: skip


@pytest.fixture
def known(online: Path, tone: Tone, label_inbox: Label) -> Path:
    for number, name in enumerate(("7_J\u00fcrgen_0", "3_J\u00fcrgen_1")):
        tone(online / f"inbox/{name}.wav", hertz=300 + 100 * number)
    label_inbox(online / "inbox")
    return online


def code_of(monkeypatch: pytest.MonkeyPatch, words: Sequence[str], stdout: TextIO) -> object:
    """The exit code of a command of this process that writes into a stream."""
    monkeypatch.setattr(sys, "argv", ["earmark", *words])
    monkeypatch.setattr(sys, "stdout", stdout)
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@needs_full
@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_answer_that_cannot_be_written_is_told_in_one_line(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        code = code_of(monkeypatch, words, full)

    assert code == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "earmark: the answer cannot be written: No space left on device"
    )


@needs_full
@pytest.mark.parametrize("words", [["--help"], ["models", "list"], ["sort", "sorted"]])
def test_a_process_ends_without_a_traceback_when_nothing_can_be_written(
    home: Path, repository: Path, words: Sequence[str]
) -> None:
    command, environ = started(*words), environment(repository)

    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            command, env=environ, stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
        silent = subprocess.run(command, env=environ, stdout=full, stderr=full, check=False)

    assert told.stderr.count("\n") == 1
    assert told.stderr.startswith("earmark: ")
    assert (told.returncode, silent.returncode) == (1, 1)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_letter_that_the_output_has_no_code_for_costs_no_answer(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = io.TextIOWrapper(io.BytesIO(), "ascii")

    code = code_of(monkeypatch, words, shown)

    shown.seek(0)
    assert shown.read()
    assert code == (1 if words[0] in ("doctor", "ingest") else 0)


def test_the_bars_of_a_watch_are_plain_where_there_are_no_codes_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))

    assert spark([0, 1, 4, 8]) == " .=@"


def test_without_any_output_a_command_still_does_its_work(home: Path, repository: Path) -> None:
    ended = subprocess.run(
        ["sh", "-c", '"$@" >&- 2>&-', "sh", *started("models", "list")],
        env=environment(repository),
        check=False,
    )

    assert ended.returncode == 0
