"""The time axis of a clip, drawn to a fixed number of steps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_KEPT_FRAMES = 400
"""Tables up to this length (4 seconds, 38 KB) are kept; together they take at most 8 MB."""


def pooling(frames: int, steps: int, warp: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float64]:
    """Weights that average neighbouring frames into steps.

    Step t looks at frame n g(u) - 1/2 where u = (t + 1/2) / steps and
    g(u) = u + a sin(pi u) / pi + b sin(2 pi u) / (2 pi). Its weights fall linearly to zero over
    the local distance of two steps, or over one frame where steps lie closer than frames, and
    sum to 1.

    Parameters
    ----------
    frames, steps
        How many there are.
    warp
        a and b: a above 0 dwells on the end, b above 0 on both ends; (0, 0) is even.

    Returns
    -------
    ndarray of shape (steps, frames)
    """
    a, b = warp
    u = (np.arange(steps) + 0.5) / steps
    course = u + a * np.sin(np.pi * u) / np.pi + b * np.sin(2 * np.pi * u) / (2 * np.pi)
    pace = 1 + a * np.cos(np.pi * u) + b * np.cos(2 * np.pi * u)
    centres = np.clip(frames * course - 0.5, 0, frames - 1)[:, np.newaxis]
    reach = np.maximum(pace * frames / steps, 1)[:, np.newaxis]
    weights = np.maximum(1 - np.abs(np.arange(frames) - centres) / reach, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def centred_pooling(
    frames: int, steps: int, warp: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float32]:
    """As `pooling`, of values less their mean over all frames; float32 of shape (steps, frames)."""
    if warp == (0.0, 0.0) and frames <= _KEPT_FRAMES:
        return _even(frames, steps)
    return (pooling(frames, steps, warp) - 1 / frames).astype(np.float32)


@lru_cache(maxsize=_KEPT_FRAMES)
def _even(frames: int, steps: int) -> NDArray[np.float32]:
    table = (pooling(frames, steps) - 1 / frames).astype(np.float32)
    table.flags.writeable = False
    return table
