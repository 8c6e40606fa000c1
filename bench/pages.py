"""How soon each page and each listing answers with a million clips in the store.

Asked over HTTP of a real dashboard: while it builds its index, then quiet, then while 320 clips
a second stream in. The records are synthetic, and the latest ones have vectors. Run as
`python -m bench.pages [--quick]`; ten minutes, or two on 100,000 clips.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np

from bench.growth import go_through, records
from bench.rig import Rig, free_port, rig, running
from earmark.clips import Record, State
from earmark.frontends import front_end
from earmark.model.artifact import TRAINED_ON
from earmark.model.registry import Registry
from earmark.model.version_folders import shipped_models
from earmark.services.processes import ServiceName
from earmark.store import Store, keys
from earmark.store.vectors import table

CLIPS, CLIPS_QUICK = 1_000_000, 100_000
TIMES = 20
MOST_MILLISECONDS = 200
WITH_VECTORS = 20_000
"""The latest clips: map and drift look at no others."""
STREAM_CLIPS = 32
STREAM_SECONDS = 0.1
"""A batch so often: 320 clips a second."""
INDEX_SECONDS = 1_800.0
_CHUNK = 2_000
_FIRST_STREAMED = 10**9

Times = Mapping[str, Sequence[float]]
"""Milliseconds of each answer, by what was asked."""


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.pages")
    parser.add_argument("--quick", action="store_true", help="100,000 clips")
    clips = CLIPS_QUICK if parser.parse_args().quick else CLIPS
    with rig(shipped_models(), 1) as home:
        version = _announce(home)
        _fill(home, version, clips)
        port = free_port()
        with home.service(ServiceName.DASHBOARD, DASHBOARD_PORT=str(port)) as process:
            url = f"http://127.0.0.1:{port}"
            addresses = _addresses(version, clips, time.time())
            began = time.monotonic()
            home.wait_for(lambda: _indexed(home) >= clips // 2, INDEX_SECONDS, process)
            found = {"index half built": _asked(url, addresses)}
            home.wait_for(lambda: _indexed(home) >= clips, INDEX_SECONDS, process)
            built = time.monotonic() - began
            addresses |= _deep(url)
            found["quiet"] = _asked(url, addresses)
            with _streaming(home):
                found["clips streaming in"] = _asked(url, addresses)
    print(
        f"{clips:,} clips; the index was built in {built:.0f} s; milliseconds of {TIMES} answers\n"
    )
    print("\n".join(_lines(found, addresses)))
    times = [each for phase in found.values() for some in phase.values() for each in some]
    late = sum(each > MOST_MILLISECONDS for each in times)
    print(f"\n{late} of {len(times):,} answers took longer than {MOST_MILLISECONDS} ms (!).")
    print(f"The machine's load was {os.getloadavg()[0]:.1f} at the end, on {os.cpu_count()} cores.")


def _addresses(version: str, clips: int, now: float) -> dict[str, str]:
    """What is asked, by the words it has in the table."""
    pages = {
        "Live": "/", "Review": "/review", "Clips": "/clips", "a clip": f"/clip/{_path(clips - 5)}",
        "Models": "/models", "a model": f"/models/{version}", "Map": "/map", "Health": "/health",
    }  # fmt: skip
    listings: dict[str, dict[str, Any]] = {
        "clips": {}, "1,000 clips": {"limit": 1_000}, "failed": {"state": "failed"},
        "labelled": {"state": "labelled"}, "truth 7": {"truth": 7}, "any truth": {"truth": "any"},
        "the rare truth": {"truth": "none"}, "a rare speaker": {"speaker": "rare"},
        "a speaker who is not there": {"speaker": "nobody"}, "heard wrong": {"score": "wrong"},
        "3 heard as 7, of which there is none": {"truth": 3, "label": 7},
        "a model": {"model": version}, "a name that is rare": {"search": "needle"},
        "a name that is not there": {"search": "no such name"},
        "labelled, and a name that is not there": {"state": "labelled", "search": "no such name"},
        "hardly sure": {"at_most": 0.1},
        "a truth, and hardly sure": {"truth": "any", "at_most": 0.1},
        "a minute long ago": {"since": now - clips * 0.05, "until": now - clips * 0.05 + 60},
        "of a speaker, failed": {"speaker": "speaker7", "state": "failed"},
    }  # fmt: skip
    asked = {f"/api/clips: {words}": f"/api/clips?{urlencode(q)}" for words, q in listings.items()}
    several = {"/api/clips: failed or unsure": "/api/clips?state=failed&state=unsure"}
    rest = ("/api/status", "/api/models", "/api/drift", "/api/findings", "/healthz", "/readyz",
            "/metrics", "/api/openapi.json")  # fmt: skip
    return {
        **{f"page {words}": path for words, path in pages.items()},
        "page Clips, a rare truth": "/clips?truth=none",
        **asked, **several, "/api/clips/{path}": f"/api/clips/{_path(clips - 5)}",
        **{path: path for path in rest},
    }  # fmt: skip


def _deep(url: str) -> dict[str, str]:
    """Pages far behind the first one."""
    mark, seen = None, 0
    while seen < 20_000:
        asked = {"limit": 1_000} | ({"after": mark} if mark else {})
        page = json.loads(_answer(f"{url}/api/clips?{urlencode(asked)}"))
        mark, seen = page["after"], seen + len(page["clips"])
    return {
        "page Clips, the 400th": f"/clips?{urlencode({'after': mark})}",
        "/api/clips: far behind": f"/api/clips?{urlencode({'after': mark})}",
        "/api/clips: a truth, far behind": f"/api/clips?{urlencode({'after': mark, 'truth': 7})}",
    }


def _asked(url: str, addresses: Mapping[str, str]) -> dict[str, list[float]]:
    """Ask for everything in turn, so that no address has a better moment than another."""
    found: dict[str, list[float]] = {words: [] for words in addresses}
    for _ in range(TIMES):
        for words, path in addresses.items():
            began = time.perf_counter()
            _answer(url + path)
            found[words].append((time.perf_counter() - began) * 1e3)
    return found


def _answer(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        if error.code != 503:  # no worker is there, and /readyz says so
            raise
        return error.read()


def _lines(found: Mapping[str, Times], addresses: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, addresses))
    yield " " * width + "".join(f"{phase:>24}" for phase in found)
    yield "asked".ljust(width) + f"{'median':>15}{'worst':>9}" * len(found)
    for words in addresses:
        numbers = (_numbers(each.get(words)) for each in found.values())
        yield f"{words:<{width}}{''.join(numbers)}".rstrip()


def _numbers(times: Sequence[float] | None) -> str:
    if times is None:
        return " " * 24
    late = " !" if max(times) > MOST_MILLISECONDS else ""
    return f"{np.median(times):>15.0f}{max(times):>7.0f}{late:<2}"


def _announce(home: Rig) -> str:
    registry = Registry(home.settings.models)
    version = registry.live()
    home.store.board.announce(registry.artefact(version))
    return version


def _path(number: int) -> str:
    return quote(next(_clips(number, 1, "", 0.0)).path)


def _clips(first: int, count: int, version: str, began: float) -> Iterator[Record]:
    """Clips of all kinds, one every tenth of a second; some kinds are rare."""
    for number, plain in enumerate(records(first, count), first):
        at = began + number / 10
        clip = plain.but(model=version, noted_at=at, done_at=at + 0.02)
        if number % 3 == 0:
            path = f"{number // 3_000}/memo {number}.wav"
            clip = clip.but(path=path, truth=None, truth_by=None, speaker=None)
        if number % 50 == 1 and plain.label != 3:
            clip = clip.but(label=((plain.label or 0) + 4) % 10, confidence=0.61)
        if number % 1_000 == 2:
            clip = clip.but(state=State.UNSURE, confidence=0.31)
        if number % 5_000 == 3:
            clip = clip.but(state=State.FAILED, label=None, confidence=None, top=(),
                           reason="the file is not a wav")  # fmt: skip
        if number % 100_000 == 77:
            path = f"{number // 3_000}/needle {number}.wav"
            clip = clip.but(path=path, truth="none", truth_by="ann", speaker="rare")
        yield clip


def _fill(home: Rig, version: str, count: int) -> None:
    began = time.time() - count / 10
    trained_on = np.load(home.settings.models / version / TRAINED_ON)
    for start in range(0, count, _CHUNK):
        clips = list(_clips(start, min(_CHUNK, count - start), version, began))
        if start >= count - WITH_VECTORS:
            clips = [_trained(clip, trained_on, at) for at, clip in enumerate(clips, start)]
            _give_vectors(home, clips)
        _put(home.store, clips)


def _trained(clip: Record, trained_on: Any, number: int) -> Record:
    """Every fifth clip counts as one of those that the live model was trained on."""
    if number % 5 or not len(trained_on):
        return clip
    key = int(trained_on[number // 5 % len(trained_on)])
    return clip.but(digest=f"{key:016x}{number:016x}", blind=False)


def _give_vectors(home: Rig, clips: Sequence[Record]) -> None:
    live = home.store.board.live()
    chosen = front_end(live.front_end if live else "mfcc-mean")
    chance = np.random.default_rng(len(clips))
    centres = np.random.default_rng(0).standard_normal((10, chosen.dimensions))
    digits = [int(clip.digest or "0", 16) % 10 for clip in clips]
    vectors = centres[digits] + chance.standard_normal((len(clips), chosen.dimensions))
    rows = {
        bytes.fromhex(clip.digest or ""): vector.astype("<f4").tobytes()
        for clip, vector in zip(clips, vectors, strict=True)
    }
    connection: Any = home.store.connection
    connection.hset(table(chosen), mapping=rows)


def _put(store: Store, clips: Sequence[Record]) -> None:
    pipeline: Any = store.connection.pipeline(transaction=False)
    pipeline.hset(keys.CLIPS, mapping={clip.path: clip.encode() for clip in clips})
    for key, some in _by_set(clips):
        pipeline.sadd(key, *some)
    pipeline.execute()


def _by_set(clips: Sequence[Record]) -> Iterator[tuple[str, list[str]]]:
    named = [(keys.state(clip.state), clip.path) for clip in clips]
    named += [(keys.score(clip.score), clip.path) for clip in clips if clip.score in keys.SCORED]
    for key, some in groupby(sorted(named), key=lambda pair: pair[0]):
        yield key, [path for _, path in some]


def _indexed(home: Rig) -> int:
    """How many clips the dashboard's index holds; asked once a second, for it is a long count."""
    time.sleep(1)
    with closing(sqlite3.connect(home.settings.data / "dashboard.sqlite")) as index:
        [[count]] = index.execute("select count(*) from clips")
    return int(count)


@contextmanager
def _streaming(home: Rig) -> Iterator[subprocess.Popen[bytes]]:
    """Clips that go through the ledger, noted by a process of its own."""
    command = [sys.executable, "-m", "bench.pages", "stream", str(home.settings.store_url)]
    with running(command, home.environ, home.home, log=home.home / "stream.log") as process:
        yield process


def _stream(url: str) -> None:
    store = Store.at(url)
    live = store.board.live()
    first = _FIRST_STREAMED
    due = time.monotonic()
    while True:
        now = time.time()
        clips = _clips(first, STREAM_CLIPS, live.version if live else "", now - first / 10)
        go_through(store, [clip.but(noted_at=now, done_at=now) for clip in clips])
        first += STREAM_CLIPS
        due += STREAM_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["stream"]:
        _stream(sys.argv[2])
    else:
        main()
