"""How soon a label can be read: idle, while a backlog is worked off, and after a publication.

Run as `python -m bench.latency [--quick]`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np

from bench.models import publish_again
from bench.parts import Setting, run_alone
from bench.processes import children
from bench.rig import Rig, rig
from bench.table import Part, Row
from earmark.model.registry import Registry
from earmark.services.processes import ServiceName

WORKERS = 2
IDLE, IDLE_QUICK = 300, 60
BACKLOG, BACKLOG_QUICK = 20_000, 6_000
IDLE_EVERY_SECONDS = 0.05
LOADED_EVERY_SECONDS = 0.02
LOOK_SECONDS = 0.001
PATIENCE_SECONDS = 60.0
SWAP_DROPS = 40
NEXT_VERSION = "29991231-000000-next"


@dataclass
class Drops:
    """Clips that are dropped one after the other, and when the label of each could be read."""

    home: Rig
    contents: Sequence[bytes]
    name: str = "drop"
    """What the files are called; a name that was used before would be labelled already."""
    closed_at: dict[str, float] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def drop(self) -> None:
        number = len(self.closed_at) + len(self.seconds)
        path = f"{self.name}-{number}.wav"
        (self.home.inbox / path).write_bytes(self.contents[number % len(self.contents)])
        self.closed_at[path] = time.perf_counter()

    def look(self) -> None:
        """See which clips have their label by now."""
        waiting = list(self.closed_at)
        for path, head in zip(waiting, self.home.store.clips.heads(waiting), strict=True):
            if head is not None and head[0].done:
                self.seconds.append(time.perf_counter() - self.closed_at.pop(path))

    def finish(self) -> None:
        """Wait for the last ones."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.closed_at:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(self.closed_at)} clips got no label")
            self.look()
            time.sleep(LOOK_SECONDS)

    def keep_dropping(self, every_seconds: float, going_on: Callable[[], bool]) -> None:
        """Drop a clip now and then, as long as something lasts."""
        next_drop = time.monotonic()
        while going_on():
            if time.monotonic() >= next_drop:
                self.drop()
                next_drop += every_seconds
            self.look()
            time.sleep(LOOK_SECONDS)
        self.finish()

    def milliseconds(self, percentile: float) -> float:
        return float(np.percentile(self.seconds, percentile)) * 1e3


def part(setting: Setting) -> Part:
    """All rows of the latencies."""
    contents = [path.read_bytes() for path in setting.corpus.sample(200)]
    with _running(setting) as (home, worker):
        idle = _idle(home, contents, IDLE_QUICK if setting.quick else IDLE)
        swap_seconds, slowest = _swap(home, contents, children(worker))
    loaded = _loaded(setting, contents, BACKLOG_QUICK if setting.quick else BACKLOG)
    rows = [
        _row("idle, file closed to label readable, median", idle.milliseconds(50), 25),
        _row("the same, 99 of 100", idle.milliseconds(99), 100),
        _row("while a backlog is worked off, median", loaded.milliseconds(50)),
        _row("the same, 99 of 100", loaded.milliseconds(99), 300),
        _row("published model labels on every worker after", swap_seconds * 1e3, 1_000),
        _row("slowest clip while the model was swapped", slowest * 1e3),
    ]
    return Part(rows, [f"{len(idle.seconds)} clips idle, {len(loaded.seconds)} under load"])


def _idle(home: Rig, contents: Sequence[bytes], count: int) -> Drops:
    first = Drops(home, contents, "first")
    for _ in range(3):
        first.drop()
        first.finish()
    drops = Drops(home, contents)
    drops.keep_dropping(
        IDLE_EVERY_SECONDS, lambda: len(drops.seconds) + len(drops.closed_at) < count
    )
    return drops


def _loaded(setting: Setting, contents: Sequence[bytes], backlog: int) -> Drops:
    with rig(setting.models, WORKERS) as home:
        setting.corpus.fill(home.inbox, backlog)
        with home.service(ServiceName.WORKER), home.service(ServiceName.PRODUCER):
            home.wait_for(lambda: home.done() > 0, PATIENCE_SECONDS)
            drops = Drops(home, contents)
            drops.keep_dropping(LOADED_EVERY_SECONDS, _while_true(home, backlog))
            return drops


def _while_true(home: Rig, backlog: int) -> Callable[[], bool]:
    """Whether the backlog lasts; asked often, and looked up now and then."""
    looked_at, lasts = 0.0, True

    def going_on() -> bool:
        nonlocal looked_at, lasts
        if time.monotonic() - looked_at > 0.02:
            looked_at, lasts = time.monotonic(), home.done() < backlog
        return lasts

    return going_on


def _swap(home: Rig, contents: Sequence[bytes], workers: Sequence[int]) -> tuple[float, float]:
    """Seconds until every worker process has labelled with the new model, and the slowest clip."""
    registry = Registry(home.settings.models)
    publish_again(registry, NEXT_VERSION)
    artefact = registry.artefact(NEXT_VERSION)
    after = home.store.events.newest_event()
    drops = Drops(home, contents, "swap")
    announced = time.time()
    home.store.board.announce(artefact)
    seen: dict[str, float] = {}
    while len(seen) < len(workers):
        if time.time() - announced > PATIENCE_SECONDS:
            raise RuntimeError(f"only {len(seen)} of {len(workers)} workers took the new model")
        for _ in range(SWAP_DROPS):
            drops.drop()
        drops.finish()
        for who, at in _labelled_with(home, after, NEXT_VERSION):
            seen.setdefault(who, at - announced)
    return max(seen.values()), max(drops.seconds)


def _labelled_with(home: Rig, after: str, version: str) -> Iterator[tuple[str, float]]:
    """Who has labelled with a version, and when, from an event on."""
    for event in home.store.events.events(after, 0.01):
        if event.kind == "clips" and any(c.get("model") == version for c in event.fields["clips"]):
            yield event.fields["by"], int(event.id.partition("-")[0]) / 1e3


@contextmanager
def _running(setting: Setting) -> Iterator[tuple[Rig, int]]:
    with ExitStack() as stack:
        home = stack.enter_context(rig(setting.models, WORKERS))
        worker = stack.enter_context(home.service(ServiceName.WORKER))
        stack.enter_context(home.service(ServiceName.PRODUCER))
        yield home, worker.pid


def _row(what: str, milliseconds: float, goal: float | None = None) -> Row:
    return Row(what=what, unit="ms", ours=milliseconds, goal=goal)


if __name__ == "__main__":
    run_alone(part, __doc__)
