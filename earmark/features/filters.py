"""Constant tables: windows, mel filters and the cosine transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LINEAR_HZ = 200.0 / 3
_BREAK_HZ = 1_000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27.0


def hann(length: int) -> NDArray[np.float32]:
    """Periodic Hann window, of shape (length,)."""
    phase = 2 * np.pi * np.arange(length) / length
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


def slaney_mel(hertz: float) -> float:
    """Mel number of a frequency: linear to 1,000 Hz, then logarithmic (Auditory Toolbox)."""
    if hertz < _BREAK_HZ:
        return hertz / _LINEAR_HZ
    return float(_BREAK_MEL + np.log(hertz / _BREAK_HZ) / _LOG_STEP)


def slaney_hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies (Hz) of mel numbers; the inverse of `slaney_mel`."""
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mels, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _LINEAR_HZ, logarithmic)


def triangles(edges: NDArray[np.float64], rate: int, fft_size: int) -> NDArray[np.float64]:
    """Triangular filters that rise and fall between neighbouring edges, with a top of 1.

    Parameters
    ----------
    edges
        Frequencies (Hz), of shape (bands + 2,); band b reaches from edge b to edge b + 2.
    rate
        Sampling rate (Hz).
    fft_size
        Samples a transform.

    Returns
    -------
    ndarray of shape (bands, fft_size // 2 + 1)
        Weight of each bin in each band.
    """
    bins = np.fft.rfftfreq(fft_size, 1 / rate)
    widths = np.diff(edges)[:, np.newaxis]
    rising = (bins - edges[:-2, np.newaxis]) / widths[:-1]
    falling = (edges[2:, np.newaxis] - bins) / widths[1:]
    return np.maximum(0, np.minimum(rising, falling))


def slaney_filters(rate: int, fft_size: int, bands: int) -> NDArray[np.float32]:
    """Mel filters of equal area from 0 Hz to half the sampling rate, as `librosa.filters.mel`.

    Returns
    -------
    ndarray, float32, of shape (bands, fft_size // 2 + 1)
        Weight of each bin in each band.
    """
    edges = slaney_hertz(np.linspace(0, slaney_mel(rate / 2), bands + 2))
    areas = 2 / (edges[2:] - edges[:-2])
    return (triangles(edges, rate, fft_size) * areas[:, np.newaxis]).astype(np.float32)


def cosines(size: int, coefficients: int) -> NDArray[np.float64]:
    """First rows of the orthonormal DCT-II, of shape (coefficients, size)."""
    orders = np.arange(coefficients)[:, np.newaxis]
    table = np.cos(np.pi * orders * (np.arange(size) + 0.5) / size) * np.sqrt(2 / size)
    table[0] /= np.sqrt(2)
    return np.asarray(table)
