"""Waiting until clips that were brought into the inbox are labelled, or have failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from earmark.clips import Revision, State
from earmark.errors import NotRunning
from earmark.services.heartbeat import service_counts
from earmark.services.processes import ServiceName
from earmark.store import Store

_CHUNK = 1_000
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 20.0
"""How long a service that is needed may give no sign of life."""
_NEEDED = (ServiceName.PRODUCER, ServiceName.WORKER)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and how it is let pass."""

    now: Callable[[], float]
    """Seconds since the epoch."""
    sleep: Callable[[float], object]


def wait_until_settled(
    store: Store, clips: Mapping[str, Revision], clock: Clock, progress: Callable[[int], object]
) -> dict[State, int]:
    """Wait until every clip, in the revision given or a later one, is done.

    Those that stay forgotten are not waited for.

    Parameters
    ----------
    progress
        Called with the number of clips that have just been found done.

    Returns
    -------
    How many clips ended in each state.

    Raises
    ------
    NotRunning
        When nobody is there who queues clips or labels them.
    StoreUnreachable
        When the store went away.
    """
    ended: Counter[State] = Counter()
    waiting = dict(_to_be_heard(store, clips))
    progress(len(clips) - len(waiting))
    needed = _Needed(store, clock)
    while waiting:
        done = dict(_done(store, waiting))
        for path in done:
            del waiting[path]
        ended.update(done.values())
        progress(len(done))
        if waiting and not done:
            needed.insist()
            clock.sleep(_LOOK_SECONDS)
    return dict(ended)


def _to_be_heard(store: Store, clips: Mapping[str, Revision]) -> Iterator[tuple[str, Revision]]:
    for paths in _chunks(clips):
        for path, forgotten in zip(paths, store.clips.forgotten(paths), strict=True):
            if forgotten != clips[path]:
                yield path, clips[path]


def _done(store: Store, waiting: Mapping[str, Revision]) -> Iterator[tuple[str, State]]:
    for paths in _chunks(waiting):
        for path, head in zip(paths, store.clips.heads(paths), strict=True):
            if head is None:
                continue
            state, revision, gone = head
            current = revision == waiting[path] or revision.mtime_ns > waiting[path].mtime_ns
            if state.done and (current or gone):
                yield path, state


class _Needed:
    """Insists on a producer and a worker, each with some patience."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen = dict.fromkeys(_NEEDED, clock.now())

    def insist(self) -> None:
        now = self._clock.now()
        counts = service_counts(self._store.heartbeats.alive(now))
        for name in _NEEDED:
            if counts[name]:
                self._seen[name] = now
            elif now - self._seen[name] > _PATIENCE_SECONDS:
                raise NotRunning(
                    f"no {name} is alive, so nothing will be labelled: start Earmark with "
                    f"`earmark up`, or `earmark {name}`; the clips are in the inbox"
                )


def _chunks(paths: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(paths)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
