"""Vectors of clips that were labelled through another front end than the live model's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from earmark.audio.reader import Failed, Fence, Recording, try_record
from earmark.clips import Record
from earmark.errors import ClipError
from earmark.frontends import FrontEnd
from earmark.frontends.extract import Extracted, extract
from worker.context import Bench


def extract_lacking(bench: Bench, paths: Sequence[str]) -> int:
    """Extract and store what the live model eats, for clips that lack it.

    Returns
    -------
    How many vectors are new.
    """
    classifier = bench.model.current()
    if classifier is None:
        return 0
    records = [each for each in bench.store.clips.records(paths) if each and each.digest]
    digests = [str(each.digest) for each in records]
    stored = bench.store.vectors.get(classifier.front_end, digests)
    lacking = [r for r, vector in zip(records, stored, strict=True) if vector is None]
    return len(_extracted(bench, classifier.front_end, lacking))


def vectors_of(
    bench: Bench, front_end: FrontEnd, records: Sequence[Record]
) -> list[NDArray[np.float32] | None]:
    """The clips' vectors: the stored ones, and those that are extracted now and stored.

    Returns
    -------
    float32 of shape (dimensions,) for each record; None where the file is gone or another.
    """
    digests = [each.digest or "" for each in records]
    stored = bench.store.vectors.get(front_end, digests)
    lacking = [r for r, vector in zip(records, stored, strict=True) if vector is None]
    fresh = _extracted(bench, front_end, lacking)
    return [
        fresh.get(digest) if vector is None else vector
        for digest, vector in zip(digests, stored, strict=True)
    ]


def _extracted(
    bench: Bench, front_end: FrontEnd, records: Sequence[Record]
) -> dict[str, NDArray[np.float32]]:
    if not records:
        return {}
    wanted = {each.digest for each in records}
    outcomes = extract(list(_recordings(bench, records)), front_end)
    found = {
        outcome.digest: outcome.vector
        for outcome in outcomes
        # A file that was rewritten since is another clip, and has a record of its own coming.
        if isinstance(outcome, Extracted) and outcome.digest in wanted
    }
    bench.store.vectors.put(front_end, found)
    return found


def _recordings(bench: Bench, records: Sequence[Record]) -> Iterator[Recording | Failed]:
    fence = Fence(bench.inbox)
    for each in records:
        if each.gone:
            continue
        try:
            yield try_record(fence.inside(each.path), bench.limits)
        except ClipError:
            continue
