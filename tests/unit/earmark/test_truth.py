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


def test_a_correction_wins_over_the_name_which_may_still_tell_the_speaker() -> None:
    assert told_of("7_theo_3.wav", Told("none", None, "ann")) == Told("none", "theo", "ann")
    assert told_of("7_theo_3.wav", Told(1, "george", "ann")) == Told(1, "george", "ann")
    assert told_of("7_theo_3.wav", None) == Told(7, "theo", "name")
