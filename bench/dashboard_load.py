"""What fifty watchers of the Live page cost the clips: latency without and with them, in turns.

Clips are dropped at half the rate that is reached without a dashboard; all services run all the
time, and watchers come and go. Run as `python -m bench.dashboard_load [--quick]`; three minutes.
Caveat: the watchers run on the same machine, so what is measured is the dashboard and its fifty
readers together.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.latency import PATIENCE_SECONDS, Drops
from bench.parts import Setting, run_alone
from bench.pipeline import WORKERS, dropped
from bench.processes import processor_seconds
from bench.rig import Rig, free_port, rig, running
from bench.table import Part, Row
from earmark.services.processes import ServiceName

WATCHERS = 50
DROPPED, DROPPED_QUICK = 3_000, 1_500
ROUNDS, ROUNDS_QUICK = 4, 2
SECONDS, SECONDS_QUICK = 10.0, 5.0
START_SECONDS = 30.0
MOST_GROWTH = 1.2
_QUERY = re.compile(r"query: (\{.+\}),")


class Watchless(Drops):
    """Clips whose labels nobody looks for while they come: the workers' own clock tells when.

    To look for a thousand clips a second as they come takes half a core, which is not there twice.
    """

    def look(self) -> None:
        """Not yet."""

    def finish(self) -> None:
        """Wait for the last ones, and ask all of them when they were labelled."""
        paths = list(self.closed_at)
        now, wall = time.perf_counter(), time.time()
        clips = self.home.store.clips
        self.home.wait_for(
            lambda: all(head is not None and head[0].done for head in clips.heads(paths)),
            PATIENCE_SECONDS,
        )
        for record in clips.records(paths):
            if record is not None and record.done_at is not None:
                closed = wall - (now - self.closed_at.pop(record.path))
                self.seconds.append(record.done_at - closed)


@dataclass
class Rounds:
    """What was measured without watchers, or with them."""

    drops: list[Drops] = field(default_factory=list)
    dashboard: float = 0.0
    """Processor time of the dashboard, seconds."""
    seconds: float = 0.0

    def milliseconds(self, percentile: float) -> float:
        """Of all rounds together."""
        return float(
            np.percentile([s for each in self.drops for s in each.seconds], percentile) * 1e3
        )

    @property
    def share(self) -> float:
        """Of one core, taken by the dashboard."""
        return self.dashboard / self.seconds


def part(setting: Setting) -> Part:
    """Latency at half the rate, without and with watchers."""
    contents = [path.read_bytes() for path in setting.corpus.sample(200)]
    clips = DROPPED_QUICK if setting.quick else DROPPED
    most = dropped(setting, [contents[each % len(contents)] for each in range(clips)])
    every = 2 / most.clips_per_second
    alone, watched, shots = _measured(setting, contents, every)
    rows = [
        Row(
            what=f"{words} of the clips, {1 / every:.0f} a second, {WATCHERS} watchers"
            " (limit: no watchers)",
            unit="ms",
            ours=watched.milliseconds(percentile),
            limit=alone.milliseconds(percentile),
            more_is_better=False,
            least_share=1 / MOST_GROWTH if percentile == 99 else None,
        )
        for words, percentile in (("50 in 100", 50), ("99 in 100", 99))
    ]
    pairs = zip(alone.drops, watched.drops, strict=True)
    told = ", ".join(f"{a.milliseconds(99):.0f} and {b.milliseconds(99):.0f}" for a, b in pairs)
    growth = watched.milliseconds(99) / alone.milliseconds(99) - 1
    verdict = "within" if growth < MOST_GROWTH - 1 else "more than"
    return Part(rows, [
        f"99 in 100 took {growth:+.0%} with watchers, {verdict} the 20% that are allowed",
        f"99 in 100 of each round without and with watchers: {told} ms",
        f"each watcher was sent {shots / watched.seconds / WATCHERS:.2f} snapshots a second",
        f"the dashboard took {alone.share:.0%} of a core without and {watched.share:.0%} with them",
    ])  # fmt: skip


def _measured(
    setting: Setting, contents: Sequence[bytes], every_seconds: float
) -> tuple[Rounds, Rounds, int]:
    alone, watched, shots = Rounds(), Rounds(), 0
    seconds = SECONDS_QUICK if setting.quick else SECONDS
    with rig(setting.models, WORKERS) as home:
        port = free_port()
        with (
            home.service(ServiceName.WORKER),
            home.service(ServiceName.PRODUCER),
            home.service(ServiceName.DASHBOARD, DASHBOARD_PORT=str(port)) as dashboard,
        ):
            Watchless(home, contents, "first").keep_dropping(every_seconds, _for(2.0))
            for turn in range(ROUNDS_QUICK if setting.quick else ROUNDS):
                drops = Watchless(home, contents, f"alone-{turn}")
                _round(alone, drops, dashboard.pid, every_seconds, seconds)
                with _watching(home, port) as log:
                    before = _count(log)
                    drops = Watchless(home, contents, f"watched-{turn}")
                    _round(watched, drops, dashboard.pid, every_seconds, seconds)
                    shots += _count(log) - before
    return alone, watched, shots


def _round(rounds: Rounds, drops: Drops, dashboard: int, every: float, seconds: float) -> None:
    used, began = processor_seconds(dashboard), time.monotonic()
    drops.keep_dropping(every, _for(seconds))
    rounds.drops.append(drops)
    rounds.dashboard += processor_seconds(dashboard) - used
    rounds.seconds += time.monotonic() - began


@contextmanager
def _watching(home: Rig, port: int) -> Iterator[Path]:
    """Watchers in a process of their own; yields the file that they write to."""
    log = home.home / "watchers.log"
    log.write_text("")
    command = [sys.executable, "-m", "bench.dashboard_load", "watch", str(port), str(WATCHERS)]
    with running(command, home.environ, home.home, log=log) as process:
        home.wait_for(lambda: _count(log) >= 2 * WATCHERS, START_SECONDS, process)
        yield log


def _count(log: Path) -> int:
    return log.read_text().count("shot")


def _for(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


async def _watch(url: str) -> None:
    """Open Live as a browser does, and write down each snapshot that comes."""
    import socketio  # type: ignore[import-untyped]

    page = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=30).read().decode())
    found = _QUERY.search(page)
    if found is None:
        raise RuntimeError("the page of Live has changed")
    asked = json.loads(found[1].replace("'", '"').replace("True", "true"))
    asked |= {"document_id": asked["client_id"], "tab_id": asked["client_id"]}
    client = socketio.AsyncClient()

    async def shot(_: object) -> None:
        print("shot", flush=True)

    client.on("run_javascript", shot)
    asked["implicit_handshake"] = "true"
    query = urllib.parse.urlencode(asked)
    await client.connect(
        f"{url}?{query}", socketio_path="/_nicegui_ws/socket.io", transports=["websocket"]
    )
    await client.wait()


async def _watch_all(url: str, watchers: int) -> None:
    await asyncio.gather(*(_watch(url) for _ in range(watchers)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        asyncio.run(_watch_all(f"http://127.0.0.1:{sys.argv[2]}/", int(sys.argv[3])))
    else:
        run_alone(part, __doc__)
