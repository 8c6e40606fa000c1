"""Where the word is in a clip: the frames between the silence before and the silence after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Spans:
    """Runs of frames in an array that holds the frames of several clips, one after another.

    Both arrays have the shape (clips,).
    """

    first: NDArray[np.intp]
    end: NDArray[np.intp]
    """One past the last frame."""

    @property
    def lengths(self) -> NDArray[np.intp]:
        return self.end - self.first


def side_by_side(counts: NDArray[np.intp]) -> Spans:
    """Spans of clips of so many frames each."""
    end = np.cumsum(counts)
    return Spans(end - counts, end)


def trimmed(energies: NDArray[np.float32], clips: Spans, depth: float, least: int) -> Spans:
    """The part of each clip that is heard.

    Energies are smoothed over three frames (a clip's outermost frames count twice); what is heard
    lasts from the first to the last frame above the peak less `depth`, and one frame more on
    either side. A part that is still too short grows evenly on both sides, as far as the clip goes.

    Parameters
    ----------
    energies
        Natural logarithms of the frames' power, of shape (frames,).
    clips
        Whose frames they are; every clip has at least one.
    depth
        How far below its clip's peak a frame is silence, in units of `energies`.
    least
        Frames that are kept at least, if the clip has as many.

    Returns
    -------
    Spans
        One for each clip, inside of it and never empty.
    """
    smooth = _smoothed(energies, clips)
    thresholds = np.maximum.reduceat(smooth, clips.first) - np.float32(depth)
    # A clip of one power throughout is loud throughout.
    loud = smooth > np.repeat(thresholds, clips.lengths)
    places = np.arange(len(energies))
    first = np.minimum.reduceat(np.where(loud, places, len(energies)), clips.first) - 1
    last = np.maximum.reduceat(np.where(loud, places, -1), clips.first) + 1
    lacking = np.maximum(least - (last + 1 - first), 0)
    first -= (lacking + 1) // 2
    end = np.maximum(last + 1, first + least)
    first = np.minimum(first, clips.end - least)
    end = np.maximum(end, clips.first + least)
    return Spans(np.maximum(first, clips.first), np.minimum(end, clips.end))


def _smoothed(energies: NDArray[np.float32], clips: Spans) -> NDArray[np.float32]:
    before, after = np.roll(energies, 1), np.roll(energies, -1)
    before[clips.first] = energies[clips.first]
    after[clips.end - 1] = energies[clips.end - 1]
    smooth: NDArray[np.float32] = (before + energies + after) / np.float32(3)
    return smooth
