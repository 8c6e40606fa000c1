"""The command line as a whole: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import earmark
from tests.command_line import call, earmark_command
from tests.fixture_types import Tone

COMMANDS = (
    ["samples"],
    ["ingest"],
    ["label"],
    ["features"],
    ["sort"],
    ["inspect"],
    ["dataset"],
    ["dataset", "export"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_shows_an_example(command: Sequence[str]) -> None:
    text = call(*command, "--help").stdout

    assert f"Example: earmark {' '.join(command)} " in " ".join(text.split())


def test_the_version_is_told() -> None:
    assert call("--version").stdout == f"earmark {earmark.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        *(("ingest", ""), ("label", ""), ("label", "a.wav", ""), ("features", ""), ("inspect", "")),
        *(("inspect", "--digits", ""), ("inspect", "--digits="), ("sort", ""), ("samples", "")),
        *(("crossval", ""), ("dataset", "suspects", ""), ("dataset", "export", "")),
        *(("backup", ""), ("restore", ""), ("forget", ""), ("clips", "correct", "", "7")),
    ],
    ids=str,
)
def test_an_empty_argument_is_refused_and_does_not_mean_this_folder(
    home: Path, tone: Tone, words: Sequence[str]
) -> None:
    tone(home / "7_theo_0.wav")

    result = call(*words)

    assert result.exit_code == 2
    assert "an argument is empty; this folder is written as a dot" in " ".join(
        result.stderr.split()
    )
    assert list((home / "inbox").iterdir()) == []


def test_the_help_loads_nothing_heavy(repository: Path) -> None:
    program = (
        "import sys; sys.argv = ['earmark', '--help']\n"
        "from earmark.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pydantic', 'redis', 'celery', 'tqdm'} & sys.modules.keys()))\n"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )

    assert shown.stdout.splitlines()[-1] == "[]"


def test_a_misspelt_setting_stops_the_program_with_the_right_name(
    home: Path, repository: Path
) -> None:
    ended = earmark_command(repository, "label", "a.wav", EARMARK_MODEL="x")

    assert ended.returncode == 2
    assert ended.stderr == "earmark: EARMARK_MODEL is no setting; did you mean EARMARK_MODELS?\n"


def test_an_error_is_one_line_and_exit_code_1(home: Path, repository: Path) -> None:
    ended = earmark_command(repository, "sort", "sorted")

    assert ended.returncode == 1
    assert ended.stderr.startswith("earmark: nothing answers at unix://")
    assert len(ended.stderr.splitlines()) == 1
