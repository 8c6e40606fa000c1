"""How soon the programs are there, and how much memory they hold.

Run as `python -m bench.starting [--quick]`.
"""

from __future__ import annotations

import subprocess
import sys
import time

from bench.parts import Setting, run_alone
from bench.pipeline import drop_and_wait
from bench.processes import children, resident_megabytes
from bench.rig import REPOSITORY, Rig, rig
from bench.table import Part, Row
from earmark.services.processes import ServiceName

ROUNDS, ROUNDS_QUICK = 5, 2
HELP_ROUNDS = 5


def part(setting: Setting) -> Part:
    """All rows of starting and memory."""
    rounds = ROUNDS_QUICK if setting.quick else ROUNDS
    contents = [path.read_bytes() for path in setting.corpus.sample(600)]
    with rig(setting.models, 2) as home:
        ready = min(_worker_ready(home) for _ in range(rounds))
        with home.service(ServiceName.WORKER) as worker, home.service(ServiceName.PRODUCER) as prod:
            drop_and_wait(home, "clip", contents)
            resident = max(resident_megabytes(child) for child in children(worker.pid))
            watching = resident_megabytes(prod.pid)
    helped = min(_help() for _ in range(HELP_ROUNDS))
    rows = [
        Row(what="a worker is ready after", unit="s", ours=ready, goal=2),
        Row(what="a worker process holds", unit="MB", ours=resident, goal=150),
        Row(what="the producer holds", unit="MB", ours=watching),
        Row(what="earmark --help", unit="s", ours=helped, goal=0.5),
    ]
    return Part(rows)


def _worker_ready(home: Rig) -> float:
    began = time.perf_counter()
    with home.service(ServiceName.WORKER):
        return time.perf_counter() - began


def _help() -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "earmark", "--help"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    run_alone(part, __doc__)
