"""The readiness gate: a file is queued only once its writer is done with it.

Every event and every file that the reconciler finds is only a hint to this gate. A file is ready
when it holds all the audio that its header declares and either its writer closed it or it has not
changed for the settling time. A file that is shorter than it declares waits until it has stood
still for the patience time; then it is queued as it is, and the worker says that it is truncated.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earmark.audio.headers import is_whole
from earmark.audio.names import on_disk
from earmark.clips import Revision
from earmark.errors import ClipError

HEAD_BYTES = 4096
"""How much of a file is read to find its header."""
HEADER_BYTES = 44
"""The smallest whole wav header; a shorter file may still become one."""
_RECHECK_SECONDS = 0.5


@dataclass(slots=True)
class _Candidate:
    revision: Revision
    since: float
    """Monotonic time at which this revision was first seen."""
    closed: bool
    look_at: float = 0.0
    """Monotonic time of the one look that is planned."""


class ReadinessGate:
    """Candidates, and when to look at each again.

    Parameters
    ----------
    root
        The inbox.
    settle_seconds, patience_seconds
        As in the settings of the same names.
    """

    def __init__(self, root: Path, settle_seconds: float, patience_seconds: float) -> None:
        self._root = f"{root}{os.sep}"
        self._settle = settle_seconds
        self._patience = patience_seconds
        self._candidates: dict[str, _Candidate] = {}
        self._looks: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._candidates)

    def hint(self, path: str, *, closed: bool, now: float, found: Revision | None = None) -> None:
        """Something happened to a file; look at it now.

        Parameters
        ----------
        now
            Monotonic seconds.
        found
            Its revision, where that was just read.
        """
        found = found or self._stat(path)
        if found is None:
            self._candidates.pop(path, None)
            return
        known = self._candidates.get(path)
        if known is None or known.revision != found:
            known = self._candidates[path] = _Candidate(found, now, closed)
        known.closed |= closed
        self._plan(path, known, now)

    def next_look(self) -> float | None:
        """When `ready` should be called again, in monotonic seconds; None while nothing waits."""
        return self._looks[0][0] if self._looks else None

    def ready(self, now: float, wall: float) -> Iterator[tuple[str, Revision]]:
        """The files that are ready by now; they leave the gate.

        Parameters
        ----------
        now
            Monotonic seconds.
        wall
            Seconds since the epoch, to tell old files by their modification time.
        """
        while self._looks and self._looks[0][0] <= now:
            planned, path = heapq.heappop(self._looks)
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.look_at == planned:
                revision = self._look(path, candidate, now, wall)
                if revision is not None:
                    yield path, revision

    def _look(self, path: str, candidate: _Candidate, now: float, wall: float) -> Revision | None:
        found = candidate.revision if candidate.since == now else self._stat(path)
        if found is None:
            del self._candidates[path]
            return None
        if found != candidate.revision:
            candidate = self._candidates[path] = _Candidate(found, now, closed=False)
        wait = self._wait(path, candidate, now, wall)
        if wait > 0:
            self._plan(path, candidate, now + min(wait, _RECHECK_SECONDS))
            return None
        del self._candidates[path]
        return found

    def _plan(self, path: str, candidate: _Candidate, at: float) -> None:
        candidate.look_at = at
        heapq.heappush(self._looks, (at, path))

    def _wait(self, path: str, candidate: _Candidate, now: float, wall: float) -> float:
        """How many seconds the file must still stand unchanged.

        The header is read only where it decides: reading it costs as much as all the rest.
        """
        age = max(now - candidate.since, _age(candidate.revision, wall))
        if age >= max(self._patience, self._settle):
            return 0
        if not candidate.closed and age < self._settle:
            return self._settle - age
        if not self._is_whole(path, candidate.revision.size_bytes):
            return self._patience - age
        return 0

    def _is_whole(self, path: str, size_bytes: int) -> bool:
        """Whether waiting can add nothing that the header promises."""
        try:
            head = self._head(path)
        except OSError:
            return True
        try:
            return is_whole(head, size_bytes)
        except ClipError:
            return len(head) >= HEADER_BYTES

    def _head(self, path: str) -> bytes:
        descriptor = os.open(self._root + on_disk(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(descriptor, HEAD_BYTES)
        finally:
            os.close(descriptor)

    def _stat(self, path: str) -> Revision | None:
        try:
            return Revision.of(os.stat(self._root + on_disk(path)))
        except OSError:
            return None


def _age(revision: Revision, wall: float) -> float:
    """Seconds since the last change by the wall clock; 0 when the clocks disagree."""
    return max(0.0, wall - revision.mtime_ns / 1e9)
