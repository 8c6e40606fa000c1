"""Audio that is no wav is told what it is, and the command that makes a wav of it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.audio.conversion import advice
from earmark.audio.decode import Limits
from earmark.audio.reader import record
from earmark.errors import ClipError
from tests.wavs import wav

LIMITS = Limits(1 << 20, 30.0)


def spoken(file: Path, form: str) -> Path:
    soundfile.write(file, 0.5 * np.sin(np.arange(8_000) / 5), 16_000, format=form)
    return file


@pytest.mark.parametrize(("form", "kind"), [("FLAC", "FLAC"), ("OGG", "Ogg"), ("MP3", "MP3")])
def test_a_file_of_another_kind_fails_with_the_command_that_converts_it(
    tmp_path: Path, form: str, kind: str
) -> None:
    file = spoken(tmp_path / "my song.x", form)

    with pytest.raises(ClipError) as caught:
        record(file, LIMITS)

    assert caught.value.reason == (
        f"it is {kind} audio, no wav; convert it: ffmpeg -i 'my song.x' 'my song.wav'"
    )


def test_the_command_that_is_named_makes_a_wav_that_is_read(tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("there is no ffmpeg here")
    file = spoken(tmp_path / "it's.flac", "FLAC")
    with pytest.raises(ClipError) as caught:
        record(file, LIMITS)
    command = shlex.split(caught.value.reason.partition("convert it: ")[2])

    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)

    assert record(tmp_path / "it's.wav", LIMITS).seconds == 0.5


def test_a_wav_in_name_alone_is_converted_beside_itself(tmp_path: Path) -> None:
    file = spoken(tmp_path / "a.wav", "FLAC")

    with pytest.raises(ClipError, match=r"ffmpeg -i a\.wav a\.converted\.wav"):
        record(file, LIMITS)


def test_an_ending_tells_where_the_content_does_not() -> None:
    assert advice("memo.webm", b"\x1aE\xdf\xa3") == (
        "it is WEBM audio, no wav; convert it: ffmpeg -i memo.webm memo.wav"
    )


@pytest.mark.parametrize("name", ["a.wav", "README"])
def test_what_no_conversion_helps_gets_no_advice(name: str) -> None:
    assert advice(name, wav()[:20]) is None
    assert advice(name, b"About these recordings") is None
