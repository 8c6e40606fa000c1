"""What fifty watchers of the Live page cost the clips: latency without and with them.

Clips are dropped at half the rate that is reached without a dashboard. Run as
`python -m bench.dashboard_load [--quick]`. Caveat: the watchers run on the same machine, so what
is measured is the dashboard and its fifty readers together.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.latency import Drops
from bench.parts import Setting, run_alone
from bench.pipeline import WORKERS, dropped
from bench.rig import Rig, rig, running
from bench.table import Part, Row
from earmark.services import ServiceName

WATCHERS = 50
DROPPED, DROPPED_QUICK = 3_000, 1_500
SECONDS, SECONDS_QUICK = 30.0, 12.0
START_SECONDS = 30.0
_QUERY = re.compile(r"query: (\{.+\}),")


def part(setting: Setting) -> Part:
    """Latency at half the rate, without and with watchers."""
    clips = DROPPED_QUICK if setting.quick else DROPPED
    contents = [path.read_bytes() for path in setting.corpus.sample(200)]
    most = dropped(setting, [contents[each % len(contents)] for each in range(clips)])
    seconds = SECONDS_QUICK if setting.quick else SECONDS
    every = 2 / most.clips_per_second
    alone, _ = _measured(setting, every, seconds, watchers=0)
    watched, shots = _measured(setting, every, seconds, watchers=WATCHERS)
    rows = [
        Row(
            what=f"{percentile} of 100 clips at {1 / every:.0f} clips/s, {WATCHERS} watchers"
            " (limit: none)",
            unit="ms",
            ours=watched.milliseconds(percentile),
            limit=alone.milliseconds(percentile),
            more_is_better=False,
            least_share=1 / 1.2 if percentile == 99 else None,
        )
        for percentile in (50, 99)
    ]
    note = f"each watcher was sent {shots / seconds / WATCHERS:.2f} snapshots a second"
    return Part(rows, [note])


def _measured(
    setting: Setting, every_seconds: float, seconds: float, *, watchers: int
) -> tuple[Drops, int]:
    contents = [path.read_bytes() for path in setting.corpus.sample(200)]
    with rig(setting.models, WORKERS) as home:
        port = _free_port()
        with (
            home.service(ServiceName.WORKER),
            home.service(ServiceName.PRODUCER),
            home.service(ServiceName.DASHBOARD, DASHBOARD_PORT=str(port)),
            _watching(home, port, watchers) as log,
        ):
            Drops(home, contents).keep_dropping(every_seconds, _for(1.0))
            before = _count(log)
            drops = Drops(home, contents)
            drops.keep_dropping(every_seconds, _for(seconds))
            return drops, _count(log) - before


@contextmanager
def _watching(home: Rig, port: int, watchers: int) -> Iterator[str]:
    """Watchers in a process of their own; yields the file that they write to."""
    log = home.home / "watchers.log"
    log.touch()
    if not watchers:
        yield str(log)
        return
    command = [sys.executable, "-m", "bench.dashboard_load", "watch", str(port), str(watchers)]
    with running(command, home.environ, home.home, log=log) as process:
        home.wait_for(lambda: _count(str(log)) >= watchers, START_SECONDS, process)
        yield str(log)


def _count(log: str) -> int:
    with open(log) as lines:
        return sum(line.startswith("shot") for line in lines)


def _for(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


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
