"""From a file to its vector: read, decode, extract; one bad file costs no other anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Limits
from earmark.audio.reader import Failed, Recording, try_record
from earmark.environment.shared_memory import require_semaphores
from earmark.errors import ClipError
from earmark.frontends import FrontEnd

CHUNK = 64
"""Clips that are extracted together; what one process holds in memory at a time."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A recording's vector, float32 of shape (dimensions of the front end,)."""

    recording: Recording
    vector: NDArray[np.float32]

    @property
    def path(self) -> Path:
        return self.recording.path

    @property
    def digest(self) -> str:
        return self.recording.digest


Outcome = Extracted | Failed


def extract(recordings: Sequence[Recording | Failed], front_end: FrontEnd) -> list[Outcome]:
    """Extract the vectors of many recordings at once, in their order; failures pass through."""
    decoded = [item for item in recordings if isinstance(item, Recording)]
    try:
        vectors = iter(front_end.extract([item.sound for item in decoded]))
    except (ArithmeticError, ValueError, MemoryError):
        return [_extract_alone(item, front_end) for item in recordings]
    return [
        item if isinstance(item, Failed) else _checked(item, next(vectors)) for item in recordings
    ]


def extract_files(
    paths: Iterable[Path], front_end: FrontEnd, limits: Limits, *, jobs: int = 1
) -> Iterator[Outcome]:
    """Read and extract files, in their order.

    Parameters
    ----------
    jobs
        Processes; 1 works in this one.
    """
    work = partial(_extract_chunk, front_end=front_end, limits=limits)
    chunks = list(_chunks(list(paths)))
    if jobs == 1 or len(chunks) == 1:
        for chunk in chunks:
            yield from work(chunk)
        return
    require_semaphores()
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for outcomes in pool.map(work, chunks):
            yield from outcomes


def vectors_of(paths: Sequence[Path], front_end: FrontEnd, limits: Limits) -> NDArray[np.float32]:
    """The vectors of files, float32 of shape (files, dimensions).

    Raises
    ------
    ClipError
        When a file has none; names it.
    """
    vectors = np.empty((len(paths), front_end.dimensions), np.float32)
    for row, outcome in enumerate(extract_files(paths, front_end, limits)):
        if isinstance(outcome, Failed):
            raise ClipError(f"{outcome.path}: {outcome.reason}")
        vectors[row] = outcome.vector
    return vectors


def _extract_chunk(paths: Sequence[Path], *, front_end: FrontEnd, limits: Limits) -> list[Outcome]:
    return extract([try_record(path, limits) for path in paths], front_end)


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    yield from (paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK))


def _extract_alone(item: Recording | Failed, front_end: FrontEnd) -> Outcome:
    if isinstance(item, Failed):
        return item
    try:
        return _checked(item, front_end.extract([item.sound])[0])
    except (ArithmeticError, ValueError, MemoryError) as error:
        return Failed(item.path, f"no features can be extracted: {str(error) or 'out of memory'}")


def _checked(item: Recording, vector: NDArray[np.float32]) -> Outcome:
    if not np.isfinite(vector).all():
        return Failed(item.path, "no features can be extracted: the vector is not finite")
    return Extracted(item, vector)
