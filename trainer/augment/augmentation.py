"""One clip heard in many ways: noise, other throats, other places, other cuts and courses of time.

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

from earmark.audio.decode import Sound
from earmark.frontends.mfcc_time import Hearing, LogMels, MfccTime
from earmark.frontends.resample import resampled
from earmark.frontends.trim import Spans
from trainer.augment.acoustics import at_speed, coloured_noise, loud_power, microphone, room

_REVISION = 2
_TRACTS = 64
"""Vocal tracts to choose from; the tables of their bands are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How many views a clip has, and how far they may stray from it."""

    clean: int = 3
    """Views as the clip was recorded, with its own throat; the first is exact, and the others
    differ in cut and course."""
    altered: int = 10
    """Views with noise, another throat, and as recorded elsewhere."""
    tract: float = 1.25
    """Vocal tracts are up to this much longer or shorter (log-uniform)."""
    crop: float = 0.12
    """Either end of the trimmed word moves by up to this share of its length (uniform)."""
    warp: float = 0.6
    """Largest a and b of `earmark.frontends.pooling.pooling` (uniform, both signs)."""
    speed: float = 0.15
    """Every other altered view is faster or slower by up to about this share (log-uniform)."""
    rooms: float = 0.3
    """Share of the altered views that sound as in a room."""
    tilt_decibels: float = 12.0
    """A microphone raises or lowers the highest band by up to this, the lowest the other way."""
    ripple_decibels: float = 3.0
    """Standard deviation of a microphone's response around that line."""
    trim_decibels: float = 6.0
    """The word's ends are cut where it is up to this much louder or softer (uniform)."""
    floor_decibels: float = 6.0
    """The soft floor lies up to this much higher or deeper (uniform)."""
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
        tracts = np.geomspace(1 / self.tract, self.tract, _TRACTS)
        for _ in range(self.altered):
            elsewhere = self._elsewhere(clip, front_end.rate, chance)
            noise = self._noise(elsewhere, front_end.frame, chance)
            hearing = self._hearing(float(chance.choice(tracts)), front_end.bands, chance)
            mels = front_end.log_mels([elsewhere + noise], hearing)
            yield self._described(front_end, mels, chance)

    def _described(
        self, front_end: MfccTime, mels: LogMels, chance: np.random.Generator
    ) -> NDArray[np.float32]:
        a, b = chance.uniform(-self.warp, self.warp, 2)
        return front_end.describe(mels, cropped(mels, self.crop, chance), (a, b))

    def _elsewhere(
        self, clip: NDArray[np.float32], rate: int, chance: np.random.Generator
    ) -> NDArray[np.float32]:
        if self.speed and chance.random() < 0.5:
            clip = at_speed(clip, float(np.exp(chance.uniform(-self.speed, self.speed))), rate)
        return room(clip, rate, chance) if chance.random() < self.rooms else clip

    def _hearing(self, alpha: float, bands: int, chance: np.random.Generator) -> Hearing:
        return Hearing(
            alpha=alpha,
            gains_decibels=microphone(bands, self.tilt_decibels, self.ripple_decibels, chance),
            trim_decibels=chance.uniform(-self.trim_decibels, self.trim_decibels),
            floor_decibels=chance.uniform(-self.floor_decibels, self.floor_decibels),
        )

    def _noise(
        self, clip: NDArray[np.float32], frame: int, chance: np.random.Generator
    ) -> NDArray[np.float32]:
        ratio = chance.uniform(self.loudest_noise_decibels, self.softest_noise_decibels)
        noise = coloured_noise(len(clip), float(chance.choice(self.noise_poles)), chance)
        noise *= np.float32(np.sqrt(loud_power(clip, frame) * 10 ** (-ratio / 10)))
        return noise


def cropped(mels: LogMels, share: float, chance: np.random.Generator) -> Spans:
    """The words with either end moved by up to a share of their length, within the clips."""
    first, end = mels.words.first, mels.words.end
    moves = chance.uniform(-share, share, (2, len(first))) * (end - first)
    return Spans(
        np.maximum(first + np.rint(moves[0]).astype(np.intp), mels.clips.first),
        np.minimum(end + np.rint(moves[1]).astype(np.intp), mels.clips.end),
    )
