"""The command that makes synthetic clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import call


def test_samples_are_spoken_into_a_folder_a_speaker(home: Path) -> None:
    pytest.importorskip("espeakng_loader")

    result = call("samples", home / "voices", "--speakers", 2, "--takes", 1)

    assert result.stdout.startswith("20 clips of 2 speakers are in ")
    assert len(list(home.glob("voices/*/*.wav"))) == 20
    assert result.stderr == ""  # bars are for terminals
