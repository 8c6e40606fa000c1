"""How fast the peers are: files to vectors stored, each on as many files as it is worth."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers.work import STORE_URL, TABLE, extract_and_store
from bench.rig import REPOSITORY, Rig, running

_CELERY = ("-m", "celery", "-A", "bench.peers.celery_naive", "worker", "--loglevel", "WARNING")
_DRAMATIQ = ("-m", "dramatiq", "bench.peers.dramatiq_naive", "--threads", "1", "--processes")
_SUBMIT = (
    "import sys; from bench.peers.{module} import submit; print('ready', flush=True); "
    "submit(sys.stdin.read().splitlines())"
)
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Peer:
    """One queue, its processes, and how many files it is timed on."""

    name: str
    module: str
    files: int
    workers: Callable[[int], Sequence[Sequence[str]]]
    """The commands that make up so many worker processes."""


PEERS = (
    Peer("Celery", "celery_naive", 2_000, lambda n: [[*_CELERY, "--concurrency", str(n)]]),
    Peer("Dramatiq", "dramatiq_naive", 1_500, lambda n: [[*_DRAMATIQ, str(n)]]),
    Peer("RQ", "rq_naive", 200, lambda n: [["-m", "bench.peers.rq_naive"]] * n),
)


def queued(rig: Rig, peer: Peer, paths: Sequence[Path], processes: int) -> float:
    """Files a second through a queue: publishing, extracting and storing.

    The processes are warm; publishing happens in a process of its own.
    """
    files = [str(path) for path in paths[: peer.files]]
    with _processes(rig, peer, processes) as environ:
        _time(rig, peer, files[: 8 * processes], environ)
        return len(files) / _time(rig, peer, files, environ)


def plain_loop(rig: Rig, paths: Sequence[Path]) -> float:
    """Files a second of the notebook's loop, in this process."""
    os.environ[STORE_URL] = rig.settings.store_url
    extract_and_store(str(paths[0]))
    began = time.perf_counter()
    for path in paths:
        extract_and_store(str(path))
    return len(paths) / (time.perf_counter() - began)


def joblib_loop(rig: Rig, paths: Sequence[Path], processes: int) -> float:
    """Files a second of the same loop under joblib, its processes warm."""
    from joblib import Parallel, delayed  # type: ignore[import-untyped]

    os.environ[STORE_URL] = rig.settings.store_url
    with Parallel(n_jobs=processes) as parallel:
        work = [delayed(extract_and_store)(str(path)) for path in paths]
        parallel(work[: 8 * processes])
        began = time.perf_counter()
        parallel(work)
        return len(paths) / (time.perf_counter() - began)


@contextmanager
def _processes(rig: Rig, peer: Peer, count: int) -> Iterator[Mapping[str, str]]:
    environ = {**rig.environ, STORE_URL: rig.settings.store_url, "PYTHONPATH": str(REPOSITORY)}
    with ExitStack() as stack:
        for command in peer.workers(count):
            log = rig.home / f"{peer.module}.log"
            stack.enter_context(running([sys.executable, *command], environ, rig.home, log))
        yield environ


def _time(rig: Rig, peer: Peer, files: Sequence[str], environ: Mapping[str, str]) -> float:
    """Seconds from the first message to the last vector; the publisher has started before."""
    rig.store.connection.delete(TABLE)
    command = [sys.executable, "-c", _SUBMIT.format(module=peer.module)]
    with subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as publisher:
        assert publisher.stdin is not None
        assert publisher.stdout is not None
        publisher.stdout.readline()
        began = time.perf_counter()
        publisher.stdin.write("\n".join(files))
        publisher.stdin.close()
        rig.wait_for(lambda: _stored(rig) >= len(files), PATIENCE_SECONDS)
        return time.perf_counter() - began


def _stored(rig: Rig) -> int:
    return int(rig.store.connection.hlen(TABLE))
