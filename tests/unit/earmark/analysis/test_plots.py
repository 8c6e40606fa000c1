"""Pictures show what the notebook showed: waveform, MFCCs, and a sheet of ten digits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earmark.analysis.plots import digits_of, draw_clip, draw_dataset, draw_digits, portray
from earmark.audio.decode import Limits
from earmark.datasets.table import frame
from earmark.errors import ClipError, EarmarkError
from earmark.frontends import front_end

Tone = Callable[..., Path]

LIMITS = Limits(1 << 20, 30.0)


def size_of(png: Path) -> tuple[int, int]:
    header = png.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return int.from_bytes(header[16:20]), int.from_bytes(header[20:24])


def test_the_mfccs_drawn_are_those_whose_mean_is_the_vector(tmp_path: Path, tone: Tone) -> None:
    portrait = portray(tone(tmp_path / "a.wav", seconds=0.5), LIMITS)

    vector = front_end("mfcc-mean").extract([portrait.sound])[0]

    assert portrait.mfcc.shape == (40, 22)
    np.testing.assert_allclose(portrait.mfcc.mean(axis=1), vector, atol=1e-3)


def test_a_clip_is_drawn_into_one_file_and_nothing_else_is_left(tmp_path: Path, tone: Tone) -> None:
    portrait = portray(tone(tmp_path / "clips/a.wav"), LIMITS)

    (tmp_path / "out").mkdir()

    draw_clip(portrait, tmp_path / "out/a.png")

    assert size_of(tmp_path / "out/a.png") == (1_000, 700)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


@pytest.mark.parametrize("seconds", [1 / 8_000, 0.01])
def test_even_the_shortest_clip_can_be_drawn(tmp_path: Path, tone: Tone, seconds: float) -> None:
    draw_clip(portray(tone(tmp_path / "a.wav", seconds=seconds), LIMITS), tmp_path / "a.png")

    assert size_of(tmp_path / "a.png") == (1_000, 700)


def test_silence_can_be_drawn(tmp_path: Path, tone: Tone) -> None:
    draw_clip(portray(tone(tmp_path / "a.wav", amplitude=0), LIMITS), tmp_path / "a.png")

    assert size_of(tmp_path / "a.png") == (1_000, 700)


def test_a_sheet_shows_one_clip_of_each_digit_that_there_is(tmp_path: Path, tone: Tone) -> None:
    for digit in (0, 1, 9):
        for speaker in ("ann", "bob"):
            tone(tmp_path / f"{speaker}/{digit}_{speaker}_0.wav")
    (tmp_path / "ann/2_ann_0.wav").write_bytes(b"broken")

    portraits = digits_of(tmp_path, LIMITS)
    draw_digits(portraits, tmp_path / "sheet.png")

    assert {digit: each.title for digit, each in portraits.items()} == {
        0: "0_ann_0.wav",
        1: "1_ann_0.wav",
        9: "9_ann_0.wav",
    }
    assert size_of(tmp_path / "sheet.png") == (1_200, 1_500)


def test_a_folder_without_digits_says_how_they_are_named(tmp_path: Path, tone: Tone) -> None:
    tone(tmp_path / "memo.wav")

    with pytest.raises(EarmarkError, match=r"\{digit\}_\{speaker\}_\{take\}\.wav"):
        digits_of(tmp_path, LIMITS)


def test_a_broken_clip_is_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"broken")

    with pytest.raises(ClipError):
        portray(tmp_path / "a.wav", LIMITS)


def test_drawing_leaves_the_window_system_alone(
    tmp_path: Path, tone: Tone, repository: Path
) -> None:
    tone(tmp_path / "a.wav")
    program = (
        "import sys, pathlib\n"
        "from earmark.audio.decode import Limits\n"
        "from earmark.analysis.plots import draw_clip, portray\n"
        "clip = portray(pathlib.Path('a.wav'), Limits(1 << 20, 30.0))\n"
        "draw_clip(clip, pathlib.Path('a.png'))\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )

    drawn = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert drawn.stdout.strip() == "False"


@pytest.mark.parametrize("speakers", [1, 200])
def test_a_dataset_of_few_or_many_speakers_is_drawn(tmp_path: Path, speakers: int) -> None:
    chance = np.random.default_rng(0)
    rows = [
        (f"{n}.wav", f"{n:032x}", n % 7, f"voice {n % speakers}", vector)
        for n, vector in enumerate(chance.normal(size=(400, 40)).astype(np.float32))
    ]

    draw_dataset(frame(rows), front_end("mfcc-mean"), tmp_path / "dataset.png")

    assert size_of(tmp_path / "dataset.png") == (1_200, 800)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("speaker", ["$\\frac$ $x", "\u97f3\U0001f3b5"])
def test_a_name_that_the_font_or_mathematics_would_refuse_is_drawn(
    tmp_path: Path, tone: Tone, speaker: str
) -> None:
    tone(tmp_path / f"7_{speaker}_0.wav")
    vector = np.ones(40, np.float32)

    draw_clip(portray(tmp_path / f"7_{speaker}_0.wav", LIMITS), tmp_path / "clip.png")
    draw_digits(digits_of(tmp_path, LIMITS), tmp_path / "sheet.png")
    table = frame([("7.wav", "0" * 32, 7, speaker, vector)])
    draw_dataset(table, front_end("mfcc-mean"), tmp_path / "dataset.png")

    assert {path.name for path in tmp_path.glob("*.png")} == {
        "clip.png",
        "sheet.png",
        "dataset.png",
    }
