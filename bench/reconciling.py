"""How fast folder and store are compared when the producer starts, and what memory it takes.

Run as `python -m bench.reconciling [--quick]`.
"""

from __future__ import annotations

import os
import time

from bench.growth import fill, records
from bench.parts import Setting, run_alone
from bench.processes import resident_megabytes
from bench.rig import Rig, rig
from bench.table import Part, Row
from earmark.clips import Revision
from producer.inbox import Inbox
from producer.reconcile import mark_gone, unrecorded

FILES, FILES_QUICK = 100_000, 10_000
FILES_A_SECOND = 30_000
_CHUNK = 2_000


def part(setting: Setting) -> Part:
    """A folder whose files the store knows already: the comparison finds nothing to do."""
    files = FILES_QUICK if setting.quick else FILES
    with rig(setting.models, 1) as home:
        _prepare(home, files)
        before = resident_megabytes(os.getpid())
        began = time.perf_counter()
        inbox = Inbox(home.inbox.resolve())
        found = sum(len(chunk) for chunk in unrecorded(inbox, home.store.clips))
        missing = sum(mark_gone(inbox, home.store.clips))
        seconds = time.perf_counter() - began
        grown = resident_megabytes(os.getpid()) - before
    if found or missing:
        raise RuntimeError(f"{found} files seemed new and {missing} gone")
    return Part(
        [
            Row(
                what=f"folder and store compared, both ways, {files:,} files",
                unit="files/s",
                ours=files / seconds,
                more_is_better=True,
                goal=FILES_A_SECOND,
            ),
            Row(what="memory that it takes", unit="MB", ours=grown),
        ]
    )


def _prepare(home: Rig, files: int) -> None:
    """Empty files, and a record for each: their content is not looked at."""
    for start in range(0, files, _CHUNK):
        clips = list(records(start, min(_CHUNK, files - start)))
        for clip in clips:
            path = home.inbox / clip.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
        fill(
            home.store,
            [c.but(revision=Revision.of((home.inbox / c.path).stat())) for c in clips],
        )


if __name__ == "__main__":
    run_alone(part, __doc__)
