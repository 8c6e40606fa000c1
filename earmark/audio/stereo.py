"""Two channels into one: their mean, but for those that would spoil it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

CANCELLED = 0.08
"""Where the mean has less than this share of the channels' mean energy, they cancel each other.
Channels that have nothing in common leave half of it, and so does a silent one."""
STEADY_DB = 3.0
"""Noise, hum and constants vary by less than this from frame to frame, words by 4 dB at least."""
AUDIBLE = 0.01
"""From this share of the other channel's energy on, what is steady can be heard in the mean."""
_ALIKE = 0.5
"""Channels that correlate more than this hold the same."""
_FRAME_SECONDS = 0.02
_SILENCE = 1e-10
"""Added to every energy: what is below the last of 16 bits varies without meaning anything."""
_SIDES = ("left", "right")

Samples = NDArray[np.float32]


def mixed(frames: Samples, rate: int) -> tuple[Samples, str | None]:
    """Mix stereo to mono as the mean, or take one channel where the mean would spoil the word.

    Parameters
    ----------
    frames
        Of shape (n, 2).
    rate
        Sampling rate (Hz).

    Returns
    -------
    samples
        Of shape (n,).
    note
        Which channel was taken, and why, in plain words; None: it is the mean of both.
    """
    channels = np.ascontiguousarray(frames.T)
    mean: Samples = np.mean(channels, axis=0)
    constants = channels.mean(axis=1, keepdims=True)
    waves = channels - constants
    energies = np.array([wave @ wave for wave in waves])
    common = float(waves[0] @ waves[1])
    if energies.sum() + 2 * common < 2 * CANCELLED * energies.sum():
        kept, why = int(energies[1] > energies[0]), "its channels cancel each other"
        return channels[kept], f"{why}: the {_SIDES[kept]} one alone was heard"
    if common > _ALIKE * math.sqrt(energies.prod()):
        return mean, None
    powers = energies + len(frames) * np.square(constants[:, 0])
    spoilt = _spoilt(powers, _ranges_db(waves, rate))
    if spoilt is None:
        return mean, None
    why = f"its {_SIDES[spoilt]} channel is only noise, hum or a constant"
    return channels[1 - spoilt], f"{why}: the {_SIDES[1 - spoilt]} one alone was heard"


def _spoilt(powers: Samples, ranges: Samples) -> int | None:
    """The channel that is steady and loud enough to spoil a mean with the other, which is not."""
    for channel in (0, 1):
        other = 1 - channel
        loud = powers[channel] > AUDIBLE * powers[other]
        if loud and ranges[channel] < STEADY_DB < ranges[other]:
            return channel
    return None


def _ranges_db(waves: Samples, rate: int) -> Samples:
    """By how much the energy of each channel varies from frame to frame."""
    length = max(1, round(_FRAME_SECONDS * rate))
    count = waves.shape[1] // length
    if count < 2:
        return np.zeros(2, np.float32)
    cut = waves[:, : count * length].reshape(2, count, length)
    energies = np.einsum("cfs,cfs->cf", cut, cut) / length - np.square(cut.mean(axis=2))
    energies.sort(axis=1)
    low, high = energies[:, count // 10], energies[:, count * 19 // 20]
    levels: Samples = 10 * np.log10(
        (np.maximum(high, 0) + _SILENCE) / (np.maximum(low, 0) + _SILENCE)
    )
    return levels
