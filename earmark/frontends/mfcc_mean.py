"""The notebook's front end: 40 MFCCs, averaged over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.frontends.base import FrontEnd
from earmark.frontends.mel_filters import cosines, hann, slaney_filters
from earmark.frontends.spectrum import Framing, band_power

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_NEPERS_TO_DECIBELS = 10 / np.log(10)


@dataclass(frozen=True, kw_only=True)
class MfccMean(FrontEnd):
    """Mel-frequency cepstral coefficients, averaged over time.

    Equal to `np.mean(librosa.feature.mfcc(y=y, sr=22050, n_mfcc=40).T, axis=0)` after
    `y, _ = librosa.load(file)`, within a thousandth.

    - resample to 22,050 Hz, as `librosa.load` does
    - cut into centred frames, Hann window, FFT, power
    - mel filters (Slaney), decibels, floor under the loudest band of the clip
    - mean over time, DCT-II (both are linear, so the mean comes first)
    """

    rate: int = 22_050
    """Sampling rate that clips are brought to (Hz)."""
    fft_size: int = 2_048
    """Samples a frame."""
    hop: int = 512
    """Samples from frame to frame."""
    bands: int = 128
    """Mel bands."""
    coefficients: int = 40
    """Coefficients that are kept."""
    least_power: float = 1e-10
    """Power that silence is taken for."""
    range_decibels: float = 80.0
    """Bands more than this below the loudest one of the clip are raised to it."""

    name: ClassVar[str] = "mfcc-mean"
    revision: ClassVar[int] = 1

    @property
    def dimensions(self) -> int:
        """Values a vector."""
        return self.coefficients

    def vectors(self, clips: Sequence[NDArray[np.float32]]) -> NDArray[np.floating]:
        """Of shape (len(clips), coefficients)."""
        tables = _tables(self)
        power = band_power(clips, tables.framing, self.fft_size, tables.filters)
        np.maximum(power, np.float32(self.least_power), out=power)
        levels = np.log(power, out=power)
        counts = [tables.framing.count(len(clip)) for clip in clips]
        starts = np.cumsum([0, *counts[:-1]])
        loudest = np.maximum.reduceat(levels.max(axis=0), starts)
        floors = loudest - np.float32(self.range_decibels / _NEPERS_TO_DECIBELS)
        np.maximum(levels, np.repeat(floors, counts), out=levels)
        means = np.add.reduceat(levels, starts, axis=1, dtype=np.float64) / counts
        return (tables.cosines @ means).T


@dataclass(frozen=True, eq=False)
class _Tables:
    framing: Framing
    filters: csr_array
    cosines: NDArray[np.float64]


@lru_cache(maxsize=4)
def _tables(front_end: MfccMean) -> _Tables:
    from scipy.sparse import csr_array

    return _Tables(
        Framing(hann(front_end.fft_size), front_end.hop, front_end.fft_size // 2),
        csr_array(slaney_filters(front_end.rate, front_end.fft_size, front_end.bands)),
        cosines(front_end.bands, front_end.coefficients) * _NEPERS_TO_DECIBELS,
    )
