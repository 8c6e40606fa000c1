"""What processes cost: processor time and memory, as `ps` and `/proc` tell them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.rig import Rig


def children(process_id: int) -> list[int]:
    """The processes that one has started."""
    listed = _ps("-A", "pid=,ppid=")
    return [child for child, parent in listed if parent == process_id]


def resident_megabytes(process_id: int) -> float:
    """Memory that a process holds, what it shares with its parent included."""
    [[kilobytes]] = _ps(f"-p{process_id}", "rss=")
    return kilobytes / 1024


def processor_seconds(process_id: int) -> float:
    """Processor time that a process has used; not a number where there is no `/proc`."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Meter:
    """Processor time of Earmark's processes from its making on."""

    def __init__(self, rig: Rig, worker: int, producer: int) -> None:
        store = int(rig.store.connection.info("server")["process_id"])
        self._groups = {
            "producer": [producer],
            "store": [store],
            "Celery's parent": [worker],
            "worker processes": children(worker),
        }
        self._began = self._seconds()

    def microseconds(self, clips: int) -> Mapping[str, float]:
        """Microseconds a clip by what used them."""
        now = self._seconds()
        return {name: (now[name] - self._began[name]) / clips * 1e6 for name in now}

    def _seconds(self) -> dict[str, float]:
        return {
            name: sum(processor_seconds(each) for each in group)
            for name, group in self._groups.items()
        }


def _ps(which: str, columns: str) -> list[Sequence[int]]:
    told = subprocess.run(["ps", which, "-o", columns], capture_output=True, text=True, check=True)
    return [[int(field) for field in line.split()] for line in told.stdout.splitlines()]
