"""One clip heard in many ways: noise, other throats, other timbres, cuts and courses of time.

A view is a vector of the front end `mfcc-time`. What the views of a clip are is decided by its
digest alone, so that they never change because other clips come or go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio import Sound
from earmark.frontends.mfcc_time import LogMels, MfccTime
from earmark.frontends.resampling import resampled
from earmark.frontends.trimming import Spans

_REVISION = 1
_TRACTS = 64
"""Vocal tracts to choose from; the tables of their bands are kept."""
_LOUD = 0.9
"""Quantile of the frames' power that noise is measured against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How many views a clip has, and how far they may stray from it."""

    clean: int = 3
    """Views without noise and with the clip's own throat; the first is exact, and the others
    differ in cut and course."""
    altered: int = 10
    """Views with noise, another throat and another timbre."""
    tract: float = 1.25
    """Vocal tracts are up to this much longer or shorter (log-uniform)."""
    tilt_decibels: float = 12.0
    """The highest band is raised or lowered by up to this, the lowest the other way (uniform)."""
    crop: float = 0.12
    """Either end of the trimmed word moves by up to this share of its length (uniform)."""
    warp: float = 0.6
    """Largest a and b of `earmark.frontends.pooling.pooling` (uniform, both signs)."""
    loudest_noise_decibels: float = 5.0
    """Lowest signal-to-noise ratio (uniform in decibels)."""
    softest_noise_decibels: float = 40.0
    """Highest one."""
    noise_poles: tuple[float, ...] = (0.0, 0.5, 0.9)
    """Colours of the noise: white, and the closer to 1 the duller."""

    @property
    def count(self) -> int:
        """Views a clip."""
        return self.clean + self.altered

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when any view would."""
        identity = json.dumps([_REVISION, asdict(self)], sort_keys=True)
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def views(self, front_end: MfccTime, sound: Sound, digest: str) -> NDArray[np.float32]:
        """The views of a clip, of shape (count, dimensions of the front end).

        Parameters
        ----------
        sound
            At any sampling rate.
        digest
            The clip's, in hex: the seed of everything that is drawn.
        """
        chance = np.random.default_rng(int(digest, 16))
        ((_, (clip,)),) = resampled([sound], front_end.rate)
        return np.concatenate(list(self._views(front_end, clip, chance)))

    def _views(
        self, front_end: MfccTime, clip: NDArray[np.float32], chance: np.random.Generator
    ) -> Iterator[NDArray[np.float32]]:
        mels = front_end.log_mels([clip])
        yield front_end.describe(mels)
        for _ in range(self.clean - 1):
            yield self._described(front_end, mels, chance)
        loudness = loud_power(clip, front_end.frame)
        tracts = np.geomspace(1 / self.tract, self.tract, _TRACTS)
        for _ in range(self.altered):
            noisy = clip + self._noise(len(clip), loudness, chance)
            tilt = chance.uniform(-self.tilt_decibels, self.tilt_decibels)
            mels = front_end.log_mels([noisy], float(chance.choice(tracts)), tilt)
            yield self._described(front_end, mels, chance)

    def _described(
        self, front_end: MfccTime, mels: LogMels, chance: np.random.Generator
    ) -> NDArray[np.float32]:
        a, b = chance.uniform(-self.warp, self.warp, 2)
        return front_end.describe(mels, cropped(mels, self.crop, chance), (a, b))

    def _noise(
        self, samples: int, loudness: float, chance: np.random.Generator
    ) -> NDArray[np.float32]:
        ratio = chance.uniform(self.loudest_noise_decibels, self.softest_noise_decibels)
        noise = coloured_noise(samples, float(chance.choice(self.noise_poles)), chance)
        noise *= np.float32(np.sqrt(loudness * 10 ** (-ratio / 10)))
        return noise


def cropped(mels: LogMels, share: float, chance: np.random.Generator) -> Spans:
    """The words with either end moved by up to a share of their length, within the clips."""
    first, end = mels.words.first, mels.words.end
    moves = chance.uniform(-share, share, (2, len(first))) * (end - first)
    return Spans(
        np.maximum(first + np.rint(moves[0]).astype(np.intp), mels.clips.first),
        np.minimum(end + np.rint(moves[1]).astype(np.intp), mels.clips.end),
    )


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
