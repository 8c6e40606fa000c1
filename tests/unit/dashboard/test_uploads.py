"""What comes in through the browser: audio under a safe name, and nothing else."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.context import House
from dashboard.uploads import Brought, bring, safe_name
from earmark.settings import Settings
from tests.wavs import wav


@pytest.fixture
def house(online: Path) -> Iterator[House]:
    made = House.of(Settings.load())
    yield made
    made.index.close()


def sent(house: House, name: str, data: bytes | None = None) -> Brought:
    return bring(house, name, io.BytesIO(wav() if data is None else data))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("7_theo_3.WAV", "7_theo_3.wav"),
        ("a.wave", "a.wave"),
        ("song.MP3", "song.mp3"),
        ("memo", "memo.wav"),
        ("memo.bin", "memo.bin.wav"),
        ("a.b.wav", "a.b.wav"),
        (".wav", "wav.wav"),
        ("voices.ZIP", "voices.zip"),
    ],
)
def test_a_name_keeps_the_ending_that_says_audio(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_audio_is_taken_under_any_name(house: House) -> None:
    song = b"ID3\4" + bytes(90)

    found = [sent(house, "memo"), sent(house, "a.wave"), sent(house, "song.mp3", song)]

    assert [list(each.clips) for each in found] == [["memo.wav"], ["a.wave"], ["song.mp3"]]
    assert sorted(os.listdir("inbox")) == ["a.wave", "memo.wav", "song.mp3"]


def test_what_is_no_audio_is_refused_and_leaves_nothing(house: House) -> None:
    refused = sent(house, "notes.txt", b"About these recordings").refused

    assert refused == {"notes.txt.wav": "it is no audio, by its name and by its content"}
    assert os.listdir("inbox") == []


def test_what_is_named_a_wav_is_taken_and_the_worker_says_what_is_wrong(house: House) -> None:
    assert list(sent(house, "text.wav", b"About").clips) == ["text.wav"]


def test_another_content_gets_a_name_of_its_own(house: House) -> None:
    sent(house, "a.wave")

    assert list(sent(house, "a.wave", wav(hertz=500)).clips) == ["a-2.wave"]


def test_the_clips_of_a_zip_are_found_by_the_same_rules(house: House) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.WAV", "memo", "__MACOSX/b.wav", "README"):
            archive.writestr(name, b"About" if name == "README" else wav())

    assert set(sent(house, "v.zip", file.getvalue()).clips) == {"a.WAV", "memo"}
