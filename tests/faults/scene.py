"""A house in which processes are killed where the test wants them to be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from earmark.clips import State
from earmark.messaging.messages import BATCH_CLIPS, BULK, LIVE, Batch
from earmark.messaging.sender import Sender
from earmark.services.processes import environment
from earmark.store import Store
from tests.faults.promise import Balance, wait_until_kept
from tests.faults.traps import GO, HELD
from tests.household import Household, Running, pending, wait_until
from tests.wavs import drop, wav

QUICK = {
    "lease_seconds": 1,
    "reconcile_seconds": 1,
    "patience_seconds": 1,
    "workers": 1,
    "settle_seconds": 0.05,
}
REPOSITORY = Path(__file__).resolve().parents[2]
UNACKED = "earmark:celery:unacked"


@dataclass(slots=True)
class Scene:
    """A house with its own server, whose services the test starts and ends."""

    house: Household
    store: Store
    recoveries: dict[str, float]

    @contextmanager
    def worker(self, *, models: Path | None = None) -> Iterator[Running]:
        """A real Celery worker that falls into traps."""
        house = self.house if models is None else self.house.with_settings(models=models)
        with started(house, *celery("tests.faults.traps")) as process:
            process.wait_until_it_says("ready.")
            yield process

    @contextmanager
    def producer(self) -> Iterator[Running]:
        with started(self.house, sys.executable, "-m", "producer") as process:
            process.wait_until_it_says("watches")
            yield process

    def drop(self, *names: str) -> list[str]:
        """Clips of different contents."""
        for index, name in enumerate(names):
            drop(self.house.inbox / name, wav(hertz=300 + index))
        return list(names)

    def send(self, *names: str, queue: str = LIVE) -> Batch:
        """The producer's part, by hand: clips are noted, published and queued as one batch."""
        records = pending(self.house.inbox, *names)
        until = time.time() + QUICK["lease_seconds"]
        self.store.clips.note(records, until)
        batch = Batch(tuple((record.path, record.revision) for record in records))
        sender = Sender(self.house.settings)
        for start in range(0, len(batch.clips), BATCH_CLIPS):
            sender.label(Batch(batch.clips[start : start + BATCH_CLIPS]), queue)
        sender.close()
        self.store.clips.accept(batch.clips, until)
        return batch

    def wait_until_held(self) -> None:
        """A worker has run into a trap, in the middle of its batch."""
        wait_until((self.house.home / HELD).exists, "a worker in the trap", seconds=30)

    def go(self) -> None:
        (self.house.home / GO).touch()

    def state(self, path: str) -> State | None:
        [head] = self.store.clips.heads([path])
        return head[0] if head else None

    def unacked(self) -> int:
        return int(self.store.connection.hlen(UNACKED))

    def waiting(self) -> int:
        return sum(
            int(self.store.connection.llen(f"earmark:celery:{queue}")) for queue in (LIVE, BULK)
        )

    def wait_until_kept(self, *, seconds: float = 60) -> Balance:
        return wait_until_kept(self.house, self.store, seconds=seconds)

    @contextmanager
    def recovery(self, fault: str) -> Iterator[None]:
        """Measure how long it takes until the promise is kept again."""
        began = time.monotonic()
        yield
        self.wait_until_kept()
        self.recoveries[fault] = time.monotonic() - began


def celery(app: str, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", app, "worker"),
        *("--without-mingle", "--without-gossip", "--loglevel", "INFO", *options),
    ]


@contextmanager
def started(house: Household, *command: str) -> Iterator[Running]:
    """A process in the house that ends with the context, with all that it has started."""
    told = {"REMAP_SIGTERM": environment()["REMAP_SIGTERM"], "PYTHONPATH": str(REPOSITORY)}
    told |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with replace(house, environ={**house.environ, **told}).running_command(command) as process:
        try:
            yield process
        finally:
            end_all(process)


def end_all(process: Running) -> None:
    """End a process and all that it has started, at once."""
    for child in children(process.process.pid):
        _kill(child)
    with suppress(ProcessLookupError):
        os.killpg(process.process.pid, signal.SIGKILL)
    process.process.wait(10)


def children(process: int) -> list[int]:
    """The direct children of a process."""
    found = []
    for name in os.listdir("/proc"):
        with suppress(OSError, IndexError):
            if name.isdigit() and _parent(int(name)) == process:
                found.append(int(name))
    return found


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill_child(worker: Running) -> int:
    [child] = children(worker.process.pid)
    os.kill(child, signal.SIGKILL)
    return child


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own on a folder, such as `64k`."""
    folder.mkdir(parents=True, exist_ok=True)
    small = ["mount", "-t", "tmpfs", "-o", f"size={size}", "t", str(folder)]
    if subprocess.run(small, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on a small disk; answers the file that takes it."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as handle, suppress(OSError):
        while True:
            handle.write(b"\0" * 4096)
    return filler


def names(prefix: str, count: int) -> Sequence[str]:
    return [f"{prefix}-{number:03}.wav" for number in range(count)]


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
