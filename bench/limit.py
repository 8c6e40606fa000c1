"""The extractor alone, in a bare pool: no queue, no store, no watcher."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Limits
from earmark.audio.reader import try_record
from earmark.frontends import FRONT_ENDS, FrontEnd
from earmark.frontends.extract import Extracted, extract
from earmark.messaging.messages import BATCH_CLIPS

LIMITS = Limits(max_bytes=2**26, max_seconds=60)
MFCC_MEAN = FRONT_ENDS["mfcc-mean"]


@dataclass(frozen=True)
class Bare:
    """What the pool did."""

    clips_per_second: float
    microseconds: float
    """Processor time a clip."""


def bare(paths: Sequence[Path], processes: int, front_end: FrontEnd = MFCC_MEAN) -> Bare:
    """Extract files in a pool whose processes are warm; only the vectors come back.

    The batches are as large as the workers'.
    """
    chunks = list(_chunks(paths))
    with ProcessPoolExecutor(processes, initializer=_one_thread) as pool:
        _run(pool, chunks[: 4 * processes], front_end)
        began = time.perf_counter()
        clips, used = _run(pool, chunks, front_end)
        return Bare(clips / (time.perf_counter() - began), used / clips * 1e6)


def _run(
    pool: ProcessPoolExecutor, chunks: Sequence[Sequence[Path]], front_end: FrontEnd
) -> tuple[int, float]:
    """How many clips were extracted, and what processor time that took."""
    answers = list(pool.map(partial(_vectors, front_end=front_end), chunks))
    return sum(len(vectors) for vectors, _ in answers), sum(used for _, used in answers)


def _vectors(paths: Sequence[Path], *, front_end: FrontEnd) -> tuple[NDArray[np.float32], float]:
    began = time.process_time()
    outcomes = extract([try_record(path, LIMITS) for path in paths], front_end)
    vectors = [outcome.vector for outcome in outcomes if isinstance(outcome, Extracted)]
    return np.stack(vectors), time.process_time() - began


def _one_thread() -> None:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(1)


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for start in range(0, len(paths), BATCH_CLIPS):
        yield paths[start : start + BATCH_CLIPS]
