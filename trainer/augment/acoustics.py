"""What lies between a speaker and a recording: speed, a room, a microphone, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LOUD = 0.9
"""Quantile of the frames' power that noise is measured against."""
_REVERBERATION_SECONDS = (0.08, 0.5)
"""In which a room's echoes fade by 60 decibels."""
_ECHO_SECONDS = 0.01
"""After which the first echo comes at the latest."""
_ECHO_DECIBELS = 18.0
"""How much softer than the voice all echoes together are at most."""
_TAIL_SECONDS = 0.15
"""What a clip grows by at most in a room."""
_FADE_NEPERS = 6.9
"""60 decibels."""
_RIPPLES = 5
"""Waves of which a microphone's response is the sum."""


def at_speed(clip: NDArray[np.float32], factor: float, rate: int) -> NDArray[np.float32]:
    """A clip played so many times faster: higher in pitch, and shorter."""
    import soxr

    return np.asarray(soxr.resample(clip, int(rate * factor), rate, quality="QQ"), np.float32)


def room(clip: NDArray[np.float32], rate: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """A clip with the echoes of a room: noise that fades exponentially."""
    from scipy.signal import fftconvolve

    samples = int(chance.uniform(*_REVERBERATION_SECONDS) * rate)
    echoes = chance.standard_normal(samples) * np.exp(-_FADE_NEPERS * np.arange(samples) / samples)
    echoes[: int(chance.uniform(0, _ECHO_SECONDS) * rate)] = 0
    echoes *= 10 ** (-chance.uniform(0, _ECHO_DECIBELS) / 20) / np.sqrt((echoes**2).sum())
    echoes[0] = 1
    length = len(clip) + min(samples, int(_TAIL_SECONDS * rate))
    return np.asarray(fftconvolve(clip, echoes)[:length], np.float32)


def microphone(
    bands: int, tilt_decibels: float, ripple_decibels: float, chance: np.random.Generator
) -> NDArray[np.float32]:
    """What a microphone raises each band by (decibels), of shape (bands,).

    Parameters
    ----------
    tilt_decibels
        The highest band is raised by up to this and the lowest lowered, or the other way (uniform).
    ripple_decibels
        Standard deviation of what slow waves over the bands add.
    """
    places = np.linspace(0, 1, bands)
    waves = np.cos(np.pi * np.outer(np.arange(1, _RIPPLES + 1), places))
    ripple = chance.standard_normal(_RIPPLES) @ waves * np.sqrt(2 / _RIPPLES)
    tilt = chance.uniform(-tilt_decibels, tilt_decibels) * (2 * places - 1)
    return np.asarray(tilt + ripple_decibels * ripple, np.float32)


def loud_power(clip: NDArray[np.float32], frame: int) -> float:
    """Mean square of the samples in the loud frames of a clip: nine in ten are softer."""
    frames = np.pad(clip, (0, -len(clip) % frame)).reshape(-1, frame)
    power = np.einsum("ij,ij->i", frames, frames) / frame
    return float(np.quantile(power, _LOUD))


def coloured_noise(samples: int, pole: float, chance: np.random.Generator) -> NDArray[np.float32]:
    """Normal noise of mean square 1 through one pole: x[n] = pole x[n-1] + white noise."""
    white = chance.standard_normal(samples, np.float32)
    if pole == 0:
        return white
    from scipy.signal import lfilter

    gain = np.float32(np.sqrt(1 - pole**2))
    return np.asarray(lfilter(np.array([gain]), np.array([1, -pole], np.float32), white))
