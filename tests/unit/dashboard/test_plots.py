"""Drift, the map and the pictures: what they measure and draw."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from dashboard.monitoring.drift import NOTABLE, STRONG, stability_index, stability_indexes
from dashboard.plots import mel_spectrogram, portrait
from earmark.audio.decode import Sound


def tone(hertz: float, rate: int, seconds: float = 0.5) -> Sound:
    times = np.arange(int(rate * seconds)) / rate
    return Sound(np.sin(2 * np.pi * hertz * times).astype(np.float32), rate)


def test_two_samples_of_one_distribution_do_not_drift() -> None:
    chance = np.random.default_rng(0)

    index = stability_index(chance.normal(size=2_000), chance.normal(size=500))

    assert index < NOTABLE


@pytest.mark.parametrize(("shift", "least"), [(0.5, NOTABLE), (1.5, STRONG)])
def test_a_shift_of_the_mean_is_drift(shift: float, least: float) -> None:
    chance = np.random.default_rng(0)

    assert stability_index(chance.normal(size=2_000), chance.normal(shift, size=500)) > least


def test_the_index_of_a_known_case_is_what_the_formula_says() -> None:
    reference = np.repeat(np.arange(10.0), 100)
    found = np.repeat(np.arange(10.0), [200, *[100] * 8, 0])
    edges_apart = stability_index(reference, found)

    assert edges_apart > 0.1
    assert stability_index(reference, reference) == 0


def test_a_feature_that_never_varies_does_no_harm() -> None:
    constant = np.ones((200, 1), np.float32)

    assert stability_indexes(constant, constant) == (0.0,)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_a_tone_stands_where_its_frequency_is(rate: int) -> None:
    low = mel_spectrogram(tone(300, rate)).mean(axis=1).argmax()
    high = mel_spectrogram(tone(3_000, rate)).mean(axis=1).argmax()

    assert low < high


@pytest.mark.parametrize("seconds", [0.002, 0.5, 12])
def test_a_picture_of_any_clip_is_sound_svg_with_axes(seconds: float) -> None:
    drawn = portrait(tone(440, 8_000, seconds))

    words = "".join(ET.fromstring(drawn).itertext())
    assert "seconds" in words
    assert "Hz" in words


def test_silence_can_be_drawn() -> None:
    assert portrait(Sound(np.zeros(4_000, np.float32), 8_000)).startswith("<svg")
