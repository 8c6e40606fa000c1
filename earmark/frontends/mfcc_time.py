"""The front end that keeps the order of the sounds: ten MFCCs at 24 moments of a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.frontends.base import FrontEnd
from earmark.frontends.mel_filters import averaging_filters, cosines, hann, htk_edges, warped
from earmark.frontends.pooling import centred_pooling
from earmark.frontends.spectrum import Framing, band_power
from earmark.frontends.trim import Spans, side_by_side, trimmed

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_NEPERS_PER_DECIBEL = np.log(10) / 10
_LEAST_POWER = np.float32(1e-30)
"""Power that silence is taken for, so that nothing is divided by zero."""


@dataclass(frozen=True, eq=False)
class LogMels:
    """Logarithms of the power in the mel bands of some clips, frame by frame."""

    levels: NDArray[np.float32]
    """Nepers above the floor, of shape (bands, frames): the frames of all clips, in their order."""
    clips: Spans
    """Each clip's frames."""
    words: Spans
    """The frames of each clip that are left when it is trimmed."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Hearing:
    """How a recording is heard, if not as it is."""

    alpha: float = 1.0
    """Warps the bands as another vocal tract would, see `filters.warped`."""
    gains_decibels: NDArray[np.float32] | None = None
    """What each band is raised by, of shape (bands,)."""
    trim_decibels: float = 0.0
    """How much softer the ends of a word may be than the front end allows."""
    floor_decibels: float = 0.0
    """How much deeper the soft floor lies."""


_PLAIN = Hearing()


@dataclass(frozen=True, kw_only=True)
class MfccTime(FrontEnd):
    """Mel-frequency cepstral coefficients at a few moments of a word.

    - resample to 8 kHz, so that all recordings agree with telephone speech
    - cut into frames, Hann window, FFT, power, mel bands (HTK)
    - trim: what is far below the loudest frame, before and after the word, is left out
    - logarithm with a soft floor below the loudest band
    - subtract each band's mean over the word: how a microphone colours is no news
    - average neighbouring frames into steps, the same number for every word
    - DCT-II over the bands

    A silent clip is a vector of zeros. What a clip of a lower sampling rate lacks lies on the
    floor, and so counts for nothing.
    """

    rate: int = 8_000
    """Sampling rate that clips are brought to (Hz)."""
    frame: int = 200
    """Samples a frame."""
    hop: int = 80
    """Samples from frame to frame."""
    fft_size: int = 512
    """Samples that frames are filled up to."""
    bands: int = 40
    """Mel bands."""
    lowest_hertz: float = 60.0
    """Where the lowest band begins."""
    highest_hertz: float = 3_800.0
    """Where the highest band ends."""
    trim_decibels: float = 42.0
    """Frames more than this below the loudest one are no part of the word at its ends."""
    least_frames: int = 10
    """Frames that trimming leaves at least."""
    floor_decibels: float = 50.0
    """The soft floor lies this far below the loudest band of the loudest frame."""
    steps: int = 24
    """Moments that a word is described at."""
    coefficients: int = 10
    """Coefficients a moment, the zeroth included."""

    name: ClassVar[str] = "mfcc-time"
    revision: ClassVar[int] = 1

    @property
    def dimensions(self) -> int:
        """Values a vector: `vector.reshape(steps, coefficients)` is its picture."""
        return self.steps * self.coefficients

    def vectors(self, clips: Sequence[NDArray[np.float32]]) -> NDArray[np.floating]:
        """Of shape (len(clips), dimensions); each step's coefficients stand together."""
        return self.describe(self.log_mels(clips))

    def log_mels(self, clips: Sequence[NDArray[np.float32]], hearing: Hearing = _PLAIN) -> LogMels:
        """Mel levels of clips that are at `rate` already, and where their words are.

        Parameters
        ----------
        clips
            Samples, each of shape (n,).
        """
        framing = _tables(self).framing
        power = band_power(clips, framing, self.fft_size, _filters(self, hearing.alpha))
        if hearing.gains_decibels is not None:
            power *= 10 ** (hearing.gains_decibels[:, np.newaxis] / 10)
        places = side_by_side(np.array([framing.count(len(clip)) for clip in clips], np.intp))
        words = trimmed(
            np.log(power.sum(axis=0) + _LEAST_POWER),
            places,
            (self.trim_decibels + hearing.trim_decibels) * _NEPERS_PER_DECIBEL,
            self.least_frames,
        )
        depth = self.floor_decibels + hearing.floor_decibels
        return LogMels(_levels(power, places, depth), places, words)

    def describe(
        self, mels: LogMels, words: Spans | None = None, warp: tuple[float, float] = (0.0, 0.0)
    ) -> NDArray[np.float32]:
        """Vectors of clips, float32 of shape (clips, dimensions).

        Parameters
        ----------
        words
            Other parts of the clips than the trimmed ones.
        warp
            Bends the time axis, see `pooling.pooling`.
        """
        words = words or mels.words
        pooled = np.empty((len(words.first), self.steps, self.bands), np.float32)
        for steps, first, end in zip(pooled, words.first, words.end, strict=True):
            word = mels.levels[:, first:end]
            np.matmul(centred_pooling(end - first, self.steps, warp), word.T, out=steps)
        coefficients = pooled.reshape(-1, self.bands) @ _tables(self).cosines
        return coefficients.reshape(len(pooled), self.dimensions)

    def throat(self, alpha: float) -> NDArray[np.float32]:
        """What takes the coefficients of a moment to those of a voice with another vocal tract.

        Such a voice has other levels in each band, which lie between those of the bands beside;
        so its coefficients are nearly a linear map of this one's.

        Parameters
        ----------
        alpha
            See `filters.warped`.

        Returns
        -------
        ndarray, float32, of shape (coefficients, coefficients)
            `moment @ throat` is the moment as the other voice says it.

        Notes
        -----
        Source: M. Pitz and H. Ney, Vocal tract normalization equals linear transformation in
        cepstral space (2005).
        """
        edges = htk_edges(self.lowest_hertz, self.highest_hertz, self.bands)
        numbers = np.arange(self.bands)
        places = np.interp(warped(edges, alpha)[1:-1], edges[1:-1], numbers)
        between = np.maximum(1 - np.abs(places[:, np.newaxis] - numbers), 0)
        waves = cosines(self.bands, self.coefficients)
        return np.asarray((waves @ between @ waves.T).T, np.float32)


def _levels(power: NDArray[np.float32], clips: Spans, floor_decibels: float) -> NDArray[np.float32]:
    loudest = np.maximum.reduceat(power.max(axis=0), clips.first)
    # Relative to the floor: what all levels of a clip share, the mean takes away again.
    depth = np.float32(np.exp(floor_decibels * _NEPERS_PER_DECIBEL))
    power *= np.repeat(depth / np.maximum(loudest, _LEAST_POWER), clips.lengths)
    power += 1
    return np.log(power, out=power)


@dataclass(frozen=True, eq=False)
class _Tables:
    framing: Framing
    cosines: NDArray[np.float32]


@lru_cache(maxsize=4)
def _tables(front_end: MfccTime) -> _Tables:
    return _Tables(
        Framing(hann(front_end.frame), front_end.hop, pad=front_end.frame // 2),
        cosines(front_end.bands, front_end.coefficients).T.astype(np.float32),
    )


@lru_cache(maxsize=128)
def _filters(front_end: MfccTime, alpha: float) -> csr_array:
    from scipy.sparse import csr_array

    edges = htk_edges(front_end.lowest_hertz, front_end.highest_hertz, front_end.bands)
    weights = averaging_filters(warped(edges, alpha), front_end.rate, front_end.fft_size)
    return csr_array(weights)
