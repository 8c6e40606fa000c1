"""The extractor alone, in a bare pool: no queue, no store, no watcher."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio import Limits
from earmark.extraction import CHUNK, Extracted, extract, try_record
from earmark.features import FRONT_ENDS

LIMITS = Limits(max_bytes=2**26, max_seconds=60)
_FRONT_END = FRONT_ENDS["mfcc-mean"]
_CHUNKS_A_MESSAGE = 4


@dataclass(frozen=True)
class Bare:
    """What the pool did."""

    clips_per_second: float
    microseconds: float
    """Processor time a clip."""


def bare(paths: Sequence[Path], processes: int) -> Bare:
    """Extract files in a pool whose processes are warm; only the vectors come back."""
    before = _children_seconds()
    with ProcessPoolExecutor(processes) as pool:
        warming = list(_chunks(paths))[: 4 * processes]
        _run(pool, warming)
        began = time.perf_counter()
        done = _run(pool, list(_chunks(paths)))
        seconds = time.perf_counter() - began
    used = _children_seconds() - before
    clips = done + sum(len(chunk) for chunk in warming)
    return Bare(done / seconds, used / clips * 1e6)


def _run(pool: ProcessPoolExecutor, chunks: Sequence[Sequence[Path]]) -> int:
    return sum(len(each) for each in pool.map(_vectors, chunks, chunksize=_CHUNKS_A_MESSAGE))


def _vectors(paths: Sequence[Path]) -> NDArray[np.float32]:
    outcomes = extract([try_record(path, LIMITS) for path in paths], _FRONT_END)
    return np.stack([outcome.vector for outcome in outcomes if isinstance(outcome, Extracted)])


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    yield from (paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK))


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
