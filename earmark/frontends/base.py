"""What a front end is, and how it is told from another."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Sound
from earmark.frontends.resample import resampled


@dataclass(frozen=True, kw_only=True)
class FrontEnd(ABC):
    """Turns clips into vectors of one length; its fields are its parameters."""

    name: ClassVar[str]
    """Name in settings, cards and the store."""
    revision: ClassVar[int]
    """Raised when equal parameters give other vectors."""

    rate: int
    """Sampling rate that clips are brought to (Hz)."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Values a vector."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when any vector would."""
        identity = [self.name, self.revision, asdict(self)]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    def extract(self, sounds: Sequence[Sound]) -> NDArray[np.float32]:
        """Extract the vectors of some clips.

        Parameters
        ----------
        sounds
            Clips of any sampling rates.

        Returns
        -------
        ndarray, float32, of shape (len(sounds), dimensions)
            In the order of `sounds`.
        """
        vectors = np.empty((len(sounds), self.dimensions), np.float32)
        for indices, clips in resampled(sounds, self.rate):
            vectors[indices] = self.vectors(clips)
        return vectors

    @abstractmethod
    def vectors(self, clips: Sequence[NDArray[np.float32]]) -> NDArray[np.floating]:
        """Vectors of clips that are at `rate` already, of shape (len(clips), dimensions)."""
