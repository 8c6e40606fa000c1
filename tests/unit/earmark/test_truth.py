"""What a name tells, and what a person's word changes."""

from __future__ import annotations

import pytest

from earmark.truth import Told, told_by_name, told_of


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("7_theo_3.wav", Told(7, "theo", "name")),
        ("0_theo_0.WAV", Told(0, "theo", "name")),
        ("01/9_01_49.wav", Told(9, "01", "name")),
        ("7_theo_3.wave", Told(7, "theo", "name")),
        ("7_Audrey_3.wav", Told(7, "Audrey", "name")),
        ("7_voice3_0.wav", Told(7, "voice3", "name")),
        ("7_Jean-Luc Ü_12.wav", Told(7, "Jean-Luc Ü", "name")),
    ],
)
def test_a_name_of_the_convention_tells_digit_and_speaker(path: str, told: Told) -> None:
    assert told_by_name(path) == told


@pytest.mark.parametrize(
    "path",
    ["memo.wav", "10_theo_3.wav", "7_theo.wav", "7_theo_x.wav", "7__3.wav", "x7_theo_3.wav",
     "7_theo_3.wav.part", "7_theo_3/memo.wav", "7_a_b_3.wav"],
)  # fmt: skip
def test_any_other_name_tells_nothing(path: str) -> None:
    assert told_by_name(path) == Told()


@pytest.mark.parametrize("digit", ["\u0667", "\uff17", "\u00b2", "\u096d"])
def test_a_digit_of_another_script_is_no_digit_of_the_convention(digit: str) -> None:
    assert told_by_name(f"{digit}_theo_3.wav") == Told()
    assert told_by_name(f"7_theo_{digit}.wav") == Told()


@pytest.mark.parametrize(
    "speaker",
    [
        *("Audio", "Audio 1", "audio-2", "Audio Track", "Track", "Track-01", "untitled", "Label"),
        *("Recording", "New Recording", "New Recording 12", "VOICE", "Voice 001", "Memo", "Rec"),
    ],
)
def test_what_an_editor_calls_a_track_is_no_speaker_and_its_number_no_digit(speaker: str) -> None:
    assert told_by_name(f"1_{speaker}_1.wav") == Told()


def test_a_correction_wins_over_the_name_which_may_still_tell_the_speaker() -> None:
    assert told_of("7_theo_3.wav", Told("none", None, "ann")) == Told("none", "theo", "ann")
    assert told_of("7_theo_3.wav", Told(1, "george", "ann")) == Told(1, "george", "ann")
    assert told_of("7_theo_3.wav", None) == Told(7, "theo", "name")
