"""Resampling side by side."""

from __future__ import annotations

import numpy as np
import pytest

from earmark.frontends.resample import resampled
from tests.noises import RATES, noise


@pytest.mark.parametrize("rate", RATES)
def test_clips_side_by_side_are_resampled_bit_for_bit_as_alone(rate: int) -> None:
    librosa = pytest.importorskip("librosa")
    random = np.random.default_rng(rate)
    sounds = [noise(int(n), rate, seed) for seed, n in enumerate(random.integers(1, rate, 30))]

    clips = {
        index: clip
        for indices, group in resampled(sounds, 22_050)
        for index, clip in zip(indices, group, strict=True)
    }

    assert sorted(clips) == list(range(30))
    for index, sound in enumerate(sounds):
        expected = librosa.resample(sound.samples, orig_sr=rate, target_sr=22_050)
        np.testing.assert_array_equal(clips[index], expected)
