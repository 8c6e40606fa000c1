"""Synthetic speech: the same call gives the same clips, and no clip is like another."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import wave
from array import array
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import pytest

from earmark.errors import EarmarkError, MissingExtra
from earmark.synthesis import ACCENTS, VARIANTS, synthesise, voice
from earmark.synthesis.espeak import Espeak

pytest.importorskip("espeakng_loader")


def speak(folder: Path, *, speakers: int = 2, takes: int = 2, seed: int = 0) -> dict[str, str]:
    synthesise(folder, speakers=speakers, takes=takes, seed=seed)
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sound(path: Path) -> tuple[array[int], int]:
    with wave.open(str(path)) as clip:
        return array("h", clip.readframes(clip.getnframes())), clip.getframerate()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    synthesise(folder, speakers=12, takes=3, seed=0)
    return folder


def test_clips_are_named_and_laid_out_as_in_audiomnist(tmp_path: Path) -> None:
    names = set(speak(tmp_path, speakers=2, takes=3))
    assert names == {
        f"{speaker}/{digit}_{speaker}_{take}.wav"
        for speaker in ("01", "02")
        for digit in range(10)
        for take in range(3)
    }


def test_clips_are_16_bit_mono_at_espeaks_own_rate(clips: Path) -> None:
    for path in clips.rglob("*.wav"):
        with wave.open(str(path)) as clip:
            assert (clip.getnchannels(), clip.getsampwidth(), clip.getframerate()) == (1, 2, 22_050)


def test_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    assert speak(tmp_path / "once") == speak(tmp_path / "again")


def test_another_seed_gives_other_clips(tmp_path: Path) -> None:
    one, other = speak(tmp_path / "0", seed=0), speak(tmp_path / "1", seed=1)
    assert not set(one.values()) & set(other.values())


def test_more_speakers_change_no_clip_of_the_others(tmp_path: Path) -> None:
    few, many = speak(tmp_path / "few", speakers=1), speak(tmp_path / "many", speakers=4)
    assert few.items() <= many.items()


def test_more_takes_change_no_clip_of_the_earlier_ones(tmp_path: Path) -> None:
    few, many = speak(tmp_path / "few", takes=1), speak(tmp_path / "many", takes=3)
    assert few.items() <= many.items()


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    synthesise(tmp_path / "one", speakers=3, takes=1, workers=1)
    synthesise(tmp_path / "three", speakers=3, takes=1, workers=3)
    assert digests(tmp_path / "one") == digests(tmp_path / "three")


def test_no_two_clips_are_the_same(clips: Path) -> None:
    found = digests(clips)
    assert len(set(found.values())) == len(found) == 12 * 3 * 10


def test_every_clip_lasts_as_long_as_a_word_and_is_heard(clips: Path) -> None:
    for path in clips.rglob("*.wav"):
        samples, rate = sound(path)
        assert 0.15 <= len(samples) / rate <= 1.5, path
        assert max(samples) > 1_000, path


def test_a_little_silence_stands_before_and_after_every_word(clips: Path) -> None:
    for path in clips.rglob("*.wav"):
        samples, rate = sound(path)
        for way in (samples, reversed(samples)):
            silent = sum(1 for _ in takewhile(lambda sample: sample == 0, way))
            assert 0.049 <= silent / rate <= 0.101, path


def test_espeak_has_every_accent_and_every_throat() -> None:
    espeak = Espeak()
    for name in [f"{accent}+m1" for accent in ACCENTS] + [f"en+{each}" for each in VARIANTS]:
        espeak.choose(name)


def test_speakers_use_every_throat_before_one_comes_again() -> None:
    variants = [voice(0, number).variant for number in range(1, len(VARIANTS) + 1)]
    assert sorted(variants) == sorted(VARIANTS)


def test_other_words_are_spoken_under_their_labels(tmp_path: Path) -> None:
    written = synthesise(tmp_path, speakers=1, takes=1, words={"yes": "yes", "left": "to the left"})
    assert written == 2
    assert set(digests(tmp_path)) == {"01/yes_01_0.wav", "01/left_01_0.wav"}


def test_progress_counts_every_clip_that_is_written(tmp_path: Path) -> None:
    counts: list[int] = []
    written = synthesise(tmp_path, speakers=3, takes=2, progress=counts.append)
    assert counts == [20, 20, 20]
    assert written == 60


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda to: synthesise(to, speakers=0, takes=1), "speakers must be at least 1, not 0"),
        (lambda to: synthesise(to, speakers=1, takes=-2), "takes must be at least 1, not -2"),
        (lambda to: synthesise(to, speakers=1, takes=1, workers=0), "workers must .* not 0"),
        (lambda to: synthesise(to, speakers=1, takes=1, words={}), "at least one word"),
        (lambda to: synthesise(to, speakers=1, takes=1, words={"../7": "seven"}), r"'\.\./7'"),
        (lambda to: synthesise(to, speakers=1, takes=1, words={"7": " ?"}), "'7' says nothing"),
    ],
)
def test_what_cannot_be_spoken_is_refused_by_name(
    tmp_path: Path, call: Callable[[Path], int], message: str
) -> None:
    with pytest.raises(EarmarkError, match=message):
        call(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(EarmarkError, match=r"speaker 01 did not finish: .*taken"):
        synthesise(tmp_path / "taken", speakers=1, takes=1)


def test_without_the_extra_the_command_to_install_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingExtra, match=r"earmark\[samples\]"):
        synthesise(tmp_path, speakers=1, takes=1)


def test_a_broken_library_is_told_from_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import espeakng_loader

    library = tmp_path / "libespeak-ng.so"
    library.write_bytes(b"no library")
    (tmp_path / "espeak-ng-data").mkdir()
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(library))
    with pytest.raises(EarmarkError, match="espeak-ng does not load on this machine"):
        Espeak()


def test_a_path_too_long_for_espeak_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import espeakng_loader

    far = tmp_path / ("a" * 100) / ("b" * 100)
    far.mkdir(parents=True)
    (far / "espeakng_loader").symlink_to(Path(espeakng_loader.__file__).parent)
    monkeypatch.syspath_prepend(far)
    assert len(speak(tmp_path / "clips", speakers=1, takes=1)) == 10


def test_a_speakers_process_loads_nothing_heavy() -> None:
    code = "import earmark.synthesis.speaker, sys; print('numpy' in sys.modules)"
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    loaded = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, check=True)
    assert loaded.stdout.strip() == b"False"
