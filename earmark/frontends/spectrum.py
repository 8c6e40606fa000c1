"""Clips cut into windowed frames, and the power of the frames in frequency bands.

Frames of many clips go through one FFT call and one product with the bands, a block at a time that
the caches hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK_SAMPLES = 96 * 2_048
"""Samples that are transformed together: 768 KB, and as much again for the spectra."""
BLOCK_FRAMES = 96
"""Frames that this is, where frames have 2,048 samples."""
VECTOR_FRAMES = 4
"""SciPy transforms this many frames at once, and what is left over one by one."""


@dataclass(frozen=True, eq=False)
class Framing:
    """How clips are cut into frames."""

    window: NDArray[np.float32]
    """Weights of the samples of a frame, of shape (length,)."""
    hop: int
    """Samples from frame to frame."""
    pad: int
    """Zeros before and after a clip."""

    def count(self, samples: int) -> int:
        """Frames of a clip of so many samples."""
        return 1 + max(0, samples + 2 * self.pad - len(self.window)) // self.hop

    def cut(self, clip: NDArray[np.float32], room: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames of a clip, not yet windowed: a view of `room`, of shape (count, length)."""
        start, end = self.pad, self.pad + len(clip)
        shape = self.count(len(clip)), len(self.window)
        used = max(end + self.pad, shape[1])
        room[:start] = 0
        room[start:end] = clip
        room[end:used] = 0
        # What as_strided would give, at a fifth of its cost.
        return np.ndarray(
            shape, room.dtype, room, strides=(self.hop * room.itemsize, room.itemsize)
        )

    def room(self, clips: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Memory that the longest of some clips can be cut in."""
        longest = max(len(clip) for clip in clips)
        return np.empty(max(longest + 2 * self.pad, len(self.window)), np.float32)


def band_power(
    clips: Sequence[NDArray[np.float32]], framing: Framing, fft_size: int, bands: csr_array
) -> NDArray[np.float32]:
    """Power of the frames of some clips in frequency bands.

    Parameters
    ----------
    clips
        Samples, each of shape (n,).
    framing
        How to cut them.
    fft_size
        Samples that frames are filled up to with zeros before their transform.
    bands
        Weights of the bands, of shape (bands, fft_size // 2 + 1).

    Returns
    -------
    ndarray, float32, of shape (bands, frames)
        Frames in the order of the clips, `framing.count` of each.
    """
    from scipy import fft

    frames = sum(framing.count(len(clip)) for clip in clips)
    power = np.empty((bands.shape[0], frames), np.float32)
    start = 0
    for block in windowed(clips, framing, BLOCK_SAMPLES // fft_size):
        # The transposed result costs nothing here and is what the sparse product wants.
        spectra = fft.rfft(block.T, fft_size, axis=0)
        parts = spectra.view(np.float32)
        np.square(parts, out=parts)
        # Real and imaginary squares are added after the product, when there are fewer of them.
        squares = bands @ parts
        used = min(len(block), frames - start)
        np.add(
            squares[:, : 2 * used : 2],
            squares[:, 1 : 2 * used : 2],
            out=power[:, start : start + used],
        )
        start += used
    return power


def windowed(
    clips: Sequence[NDArray[np.float32]], framing: Framing, block_frames: int = BLOCK_FRAMES
) -> Iterator[NDArray[np.float32]]:
    """Windowed frames of some clips, in blocks of shape (frames, length).

    A block is overwritten by the next one; the last is cut to what it holds, rounded up.
    """
    total = sum(framing.count(len(clip)) for clip in clips)
    size = min(block_frames, total + -total % VECTOR_FRAMES)
    block = np.empty((size, len(framing.window)), np.float32)
    room = framing.room(clips)
    filled = 0
    for clip in clips:
        frames = framing.cut(clip, room)
        while len(frames):
            rows = block[filled : filled + len(frames)]
            np.multiply(frames[: len(rows)], framing.window, out=rows)
            frames = frames[len(rows) :]
            filled += len(rows)
            if filled == block_frames:
                yield block
                filled = 0
    if filled:
        rounded_up = filled + -filled % VECTOR_FRAMES
        block[filled:rounded_up] = 0
        yield block[:rounded_up]
