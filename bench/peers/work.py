"""What every peer does with one file: what the notebook does, and one HSET."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray

TABLE = "peer:features"
STORE_URL = "PEER_STORE_URL"
"""Environment variable that names the store, `unix:///...`."""


def store_url() -> str:
    return os.environ[STORE_URL]


def extract_and_store(path: str) -> None:
    """Read one file, extract its vector, and store it under its path."""
    connection().hset(TABLE, path, vector(path).tobytes())


def vector(path: str) -> NDArray[np.float32]:
    """The notebook's 40 values."""
    import librosa

    samples, rate = librosa.load(path)
    coefficients = librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40)
    mean: NDArray[np.float32] = np.mean(coefficients.T, axis=0)
    return mean


def warm_up() -> None:
    """Let librosa import all that it imports late, which takes a second."""
    import librosa

    silence = librosa.resample(np.zeros(8_000, np.float32), orig_sr=8_000, target_sr=22_050)
    librosa.feature.mfcc(y=silence, sr=22_050, n_mfcc=40)


@cache
def connection() -> Any:
    """One connection for each process."""
    return redis.Redis.from_url(store_url())
