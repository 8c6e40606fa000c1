"""Noise of any length and rate."""

from __future__ import annotations

import numpy as np

from earmark.audio.decode import Sound

RATES = [1_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 192_000]


def noise(samples: int, rate: int, seed: int = 0, loudness: float = 0.1) -> Sound:
    random = np.random.default_rng(seed)
    times = np.arange(samples) / rate
    tone = np.sin(2 * np.pi * 0.1 * rate * times)
    waves = loudness * (tone + 0.2 * random.standard_normal(samples))
    return Sound(waves.astype(np.float32), rate)
