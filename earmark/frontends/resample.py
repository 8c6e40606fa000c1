"""Clips of any sampling rate at one, exactly as `librosa.load` gives them (soxr, high quality).

Designing soxr's filter for 8,000 to 22,050 Hz takes four times as long as filtering a spoken
digit. So clips of one rate go through it together, as channels of one signal, shorter ones filled
up with silence; soxr treats channels apart, and what it gives is bit for bit what it gives each
clip alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Sound

MAX_CHANNELS = 24
"""Clips that share a filter: more gain little and spill out of the cache."""
MAX_SAMPLES = 600_000
"""Samples of a group, before or after and with its silence; one clip alone may have more."""
KEPT_BYTES = 2**24
"""Freed memory up to this is kept for the next group."""
MAX_SILENCE = 0.5
"""Share of a clip's own length that it is filled up with at most."""


def resampled(
    sounds: Sequence[Sound], rate: int
) -> Iterator[tuple[list[int], list[NDArray[np.float32]]]]:
    """Resample clips, a group of like rate and length at a time.

    Parameters
    ----------
    sounds
        Clips of any rates.
    rate
        Wanted sampling rate (Hz).

    Yields
    ------
    indices : list of int
        Places of the group's clips in `sounds`; each place comes in one group only.
    clips : list of ndarray, float32
        The group's samples, each of length ceil(n * rate / own rate).
    """
    _keep_freed_memory()
    for group in groups(sounds, rate):
        own_rate = sounds[group[0]].rate
        clips = [sounds[index].samples for index in group]
        yield group, clips if own_rate == rate else _resample(clips, own_rate, rate)


@cache
def _keep_freed_memory() -> None:
    # glibc returns large blocks to the system at once, and fetching them anew, page by page, costs
    # a third of the resampling; a block once freed raises the size that counts as large. The block
    # is never touched, so it takes no memory.
    np.empty(KEPT_BYTES, np.uint8)


def groups(sounds: Sequence[Sound], rate: int) -> Iterator[list[int]]:
    """Places in `sounds` of clips that are resampled together."""
    group: list[int] = []
    for index in sorted(range(len(sounds)), key=lambda i: (sounds[i].rate, len(sounds[i].samples))):
        if group and not _fits(sounds[group[0]], sounds[index], len(group) + 1, rate):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _fits(shortest: Sound, longest: Sound, clips: int, rate: int) -> bool:
    length = len(longest.samples)
    return (
        shortest.rate == longest.rate
        and clips <= MAX_CHANNELS
        and clips * length * max(1.0, rate / longest.rate) <= MAX_SAMPLES
        and length <= len(shortest.samples) * (1 + MAX_SILENCE)
    )


def _resample(
    clips: Sequence[NDArray[np.float32]], own_rate: int, rate: int
) -> list[NDArray[np.float32]]:
    import soxr

    output = soxr.resample(side_by_side(clips).T, own_rate, rate, quality="HQ").T
    return [
        _cut(channel, len(clip), own_rate, rate)
        for channel, clip in zip(output, clips, strict=True)
    ]


def side_by_side(clips: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Clips as rows of one array, filled up with zeros to the longest."""
    rows = np.empty((len(clips), max(len(clip) for clip in clips)), np.float32)
    for row, clip in zip(rows, clips, strict=True):
        row[: len(clip)] = clip
        row[len(clip) :] = 0
    return rows


def _cut(
    channel: NDArray[np.float32], length: int, own_rate: int, rate: int
) -> NDArray[np.float32]:
    # soxr rounds the length, librosa then fills it up with zeros to the next whole sample.
    wanted = math.ceil(length * (rate / own_rate))
    given = min(math.floor(length / (own_rate / rate) + 0.5), wanted)
    if wanted > len(channel):
        channel = np.pad(channel, (0, wanted - len(channel)))
    channel[given:wanted] = 0
    return channel[:wanted]
