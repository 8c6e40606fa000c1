"""Sounds in which nobody speaks: silence, noises, hums and something like music."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Sound
from trainer.augment.acoustics import coloured_noise

RATE = 8_000
_SECONDS = (0.3, 1.5)
_LOUDEST = 0.5

Make = Callable[[int, np.random.Generator], NDArray[np.float32]]


def wordless(count: int, seed: int) -> list[Sound]:
    """So many sounds without a word, each of its own kind, length and loudness."""
    makers = (silence, noise, bursts, hum, melody, sweep)
    chances = (np.random.default_rng([seed, number]) for number in range(count))
    return [_sound(makers[number % len(makers)], chance) for number, chance in enumerate(chances)]


def silence(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """An idle microphone: nothing, or the lowest bits."""
    bits = chance.integers(-1, 2, samples).astype(np.float32)
    return bits * np.float32(chance.choice([0, 2**-15]))


def noise(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """Wind, or a fan: noise of one colour that swells."""
    colour = float(chance.choice([0.0, 0.5, 0.9, 0.99]))
    return coloured_noise(samples, colour, chance) * _swell(samples, chance)


def bursts(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """Knocks, clicks and claps: bursts of noise that die away."""
    sound = np.zeros(samples, np.float32)
    for start in chance.integers(0, samples, chance.integers(1, 6)):
        rest = samples - start
        fading = np.exp(-np.arange(rest) / chance.uniform(20, 1_200))
        burst = coloured_noise(rest, float(chance.choice([0.0, 0.9])), chance) * fading
        sound[start:] += burst.astype(np.float32)
    return sound


def hum(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """A motor, or the mains: one tone with its harmonics."""
    return _tone(samples, chance.uniform(50, 1_000), chance) * _swell(samples, chance)


def melody(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """Notes and chords, one after the other, each struck and dying away."""
    sound = np.zeros(samples, np.float32)
    length = int(chance.uniform(0.08, 0.5) * RATE)
    for start in range(0, samples, length):
        part = sound[start : start + length]
        fading = np.exp(-np.arange(len(part)) / chance.uniform(300, 4_000)).astype(np.float32)
        for note in chance.integers(-24, 25, chance.integers(1, 4)):
            part += _tone(len(part), 440 * 2 ** (note / 12), chance) * fading
    return sound


def sweep(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """A siren, or a whistle: one tone that moves."""
    first, last = np.exp(chance.uniform(np.log(100), np.log(3_500), 2)).tolist()
    phase = np.cumsum(np.geomspace(first, last, samples)) * (2 * np.pi / RATE)
    return np.sin(phase).astype(np.float32) * _swell(samples, chance)


def _sound(make: Make, chance: np.random.Generator) -> Sound:
    samples = make(int(chance.uniform(*_SECONDS) * RATE), chance)
    loudest = float(np.abs(samples).max())
    # What is quieter than the last bit stays so.
    if loudest > 2**-14:
        samples *= np.float32(np.exp(chance.uniform(np.log(0.01), np.log(_LOUDEST))) / loudest)
        samples += coloured_noise(len(samples), 0.0, chance) * np.float32(1e-4)
    return Sound(samples.astype(np.float32), RATE)


def _tone(samples: int, hertz: float, chance: np.random.Generator) -> NDArray[np.float32]:
    times = np.arange(samples) / RATE
    harmonics = np.arange(1, int(min(8, 0.45 * RATE / hertz)) + 1)
    strengths = chance.uniform(0, 1, len(harmonics)) / harmonics
    phases = chance.uniform(0, 2 * np.pi, len(harmonics))
    angles = 2 * np.pi * hertz * harmonics[:, np.newaxis] * times + phases[:, np.newaxis]
    return np.asarray(strengths @ np.sin(angles), np.float32)


def _swell(samples: int, chance: np.random.Generator) -> NDArray[np.float32]:
    points = chance.uniform(0.05, 1, chance.integers(2, 7))
    return np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(points)), points).astype(
        np.float32
    )
