"""Constant tables: windows, mel filters and the cosine transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LINEAR_HZ = 200.0 / 3
_BREAK_HZ = 1_000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27.0
_BEND = 0.85


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


def htk_mel(hertz: float) -> float:
    """Mel number of a frequency: 2595 log10(1 + f / 700) (O'Shaughnessy; HTK)."""
    return float(2_595 * np.log10(1 + hertz / 700))


def htk_hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies (Hz) of mel numbers; the inverse of `htk_mel`."""
    return 700 * (10 ** (mels / 2_595) - 1)


def htk_edges(lowest: float, highest: float, bands: int) -> NDArray[np.float64]:
    """Edges (Hz) of mel bands between two frequencies, of shape (bands + 2,)."""
    return htk_hertz(np.linspace(htk_mel(lowest), htk_mel(highest), bands + 2))


def warped(edges: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Band edges through which a voice is heard as one with another vocal tract.

    Edges are multiplied by `alpha`. Above 1, those beyond 0.85 / alpha of the highest bend
    linearly, so that the highest stays (piecewise linear warping, as in HTK and Kaldi).

    Parameters
    ----------
    edges
        Rising frequencies (Hz), of shape (bands + 2,).
    alpha
        Above 1 the voice is heard as if its vocal tract were so much longer; 1 changes nothing.
    """
    if alpha <= 1:
        return edges * alpha
    highest = edges[-1]
    bend = _BEND * highest / alpha
    slope = (highest - alpha * bend) / (highest - bend)
    return np.where(edges <= bend, edges * alpha, alpha * bend + slope * (edges - bend))


def averaging_filters(edges: NDArray[np.float64], rate: int, fft_size: int) -> NDArray[np.float32]:
    """Triangular filters between neighbouring edges, each with weights that sum to 1.

    Returns
    -------
    ndarray, float32, of shape (bands, fft_size // 2 + 1)
        Weight of each bin in each band.
    """
    filters = triangles(edges, rate, fft_size)
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), np.float32)


def cosines(size: int, coefficients: int) -> NDArray[np.float64]:
    """First rows of the orthonormal DCT-II, of shape (coefficients, size)."""
    orders = np.arange(coefficients)[:, np.newaxis]
    table = np.cos(np.pi * orders * (np.arange(size) + 0.5) / size) * np.sqrt(2 / size)
    table[0] /= np.sqrt(2)
    return np.asarray(table)
