"""A whole Earmark for tests: folders, a real embedded server, services as processes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from earmark.clips import Record, Revision, State
from earmark.messaging.messages import LIVE, Batch
from earmark.messaging.sender import Sender
from earmark.services.embedded_redis import command as server_command
from earmark.settings import Settings
from earmark.store import Store
from tests import tiny_models

Found = TypeVar("Found")

START_SECONDS = 30.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.01
_TIE = (
    "import ctypes, os, signal, sys\n"
    "ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
_TIED = [sys.executable, "-S", "-c", _TIE] if sys.platform == "linux" else []
"""Before a command: it ends when the tests end, however they end (Linux only)."""


def wait_until(
    condition: Callable[[], Found | None], what: str | Callable[[], str], *, seconds: float = 10
) -> Found:
    """Ask again and again until the answer is truthy, and return it.

    Raises
    ------
    AssertionError
        When it is not within the time; names what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {seconds:g} s: {told}")
        time.sleep(_POLL_SECONDS)
    return found


def wait_until_done(store: Store, *paths: str, seconds: float = 10) -> list[Record]:
    """Wait for the store's events until all clips are labelled, unsure or failed."""
    deadline = time.monotonic() + seconds
    after = store.events.newest_event()
    while True:
        records = [record for record in store.clips.records(paths) if record is not None]
        if len(records) == len(paths) and all(record.state.done for record in records):
            return records
        left = deadline - time.monotonic()
        if left < 0:
            raise AssertionError(f"not done within {seconds:g} s: {paths}; they are {records}")
        for event in store.events.events(after, min(left, 0.5)):
            after = event.id


@dataclass(frozen=True, slots=True)
class Household:
    """Folders, and the environment that points Earmark's processes to them."""

    home: Path
    """Short, for unix sockets stand in it."""
    environ: Mapping[str, str]

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def settings(self) -> Settings:
        return Settings(
            inbox=self.inbox, data=self.home / "var", models=self.models, settle_seconds=0.05
        )

    def with_settings(self, **values: object) -> Household:
        """The same house with other settings for its processes."""
        told = {f"EARMARK_{name.upper()}": str(value) for name, value in values.items()}
        return replace(self, environ={**self.environ, **told})

    def run(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run an `earmark` command to its end."""
        return subprocess.run(
            earmark(*arguments),
            env=self.environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """An `earmark` command that runs while the context lasts."""
        with self.running_command(earmark(*arguments)) as process:
            yield process

    @contextmanager
    def running_command(self, command: Sequence[str]) -> Iterator[Running]:
        """Any command that runs while the context lasts."""
        descriptor, name = tempfile.mkstemp(suffix=".log", dir=self.home)
        with open(descriptor, "wb") as log:
            process = subprocess.Popen(
                [*_TIED, *command],
                env=self.environ,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running = Running(process, Path(name))
        try:
            yield running
        finally:
            running.end()


@dataclass(frozen=True, slots=True)
class Running:
    """A process that a test has started, in a session of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, words: str) -> bool:
        return words in self.output

    def wait_until_it_says(self, words: str, *, seconds: float = START_SECONDS) -> None:
        def said_or_dead() -> bool:
            return self.says(words) or self.process.poll() is not None

        wait_until(said_or_dead, lambda: f"{words!r} in\n{self.output}", seconds=seconds)
        assert self.says(words), f"it ended without saying {words!r}; it said:\n{self.output}"

    def end(self) -> int:
        """End the process with SIGTERM, and whatever it leaves in its group with SIGKILL."""
        with suppress(subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def furnished(*, model: bool = True) -> Iterator[Household]:
    """A house with an inbox and, unless told otherwise, a model; nothing runs in it yet."""
    home = Path(tempfile.mkdtemp(prefix="em-"))
    house = Household(home, _environ(home))
    house.inbox.mkdir()
    try:
        if model:
            tiny_models.publish(house.models, tiny_models.FIRST)
        yield house
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The embedded server of a data folder, with the configuration that `earmark up` gives it."""
    command = [*_TIED, *server_command(settings)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        Store.at(settings.store_url, wait_seconds=START_SECONDS).connection.close()
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def earmark(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "earmark", *arguments]


def alive(store: Store, service: str) -> list[int]:
    """The processes of a service that gave a sign of life lately."""
    found = store.heartbeats.alive(time.time())
    return [int(name.rpartition(":")[2]) for name in found if name.startswith(f"{service}@")]


def pending(inbox: Path, *paths: str) -> list[Record]:
    """Records of files, as the producer notes them."""
    return [
        Record(
            path=path,
            revision=Revision.of((inbox / path).stat()),
            state=State.PENDING,
            noted_at=time.time(),
        )
        for path in paths
    ]


def queue(house: Household, store: Store, sender: Sender, *paths: str, to: str = LIVE) -> Batch:
    """Queue clips as one batch: the producer's part, done by hand."""
    records = pending(house.inbox, *paths)
    store.clips.note(records, time.time() + 30)
    batch = Batch(tuple((record.path, record.revision) for record in records))
    sender.label(batch, to)
    store.clips.accept(batch.clips, time.time() + 30)
    return batch


def messages(store: Store, queue: str) -> list[list[Any]]:
    """The arguments of every task that waits in a queue, the oldest first."""
    waiting: Any = store.connection.lrange(f"earmark:celery:{queue}", 0, -1)
    return [json.loads(base64.b64decode(json.loads(each)["body"]))[0] for each in waiting[::-1]]


def queued_paths(store: Store, queue: str) -> list[str]:
    """The paths of all clips in the messages of a queue, the oldest first."""
    return [path for [clips] in messages(store, queue) for path, _ in clips]


def processes_of(house: Household) -> list[int]:
    """All processes of this machine whose environment or command line names the house."""
    return [process for process in _all_processes() if str(house.home) in _told_of(process)]


def children_of(process: int) -> list[int]:
    """The processes that a process has started (Linux only)."""
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in told.split()]


def _all_processes() -> list[int]:
    if sys.platform == "linux":
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    listed = subprocess.run(["ps", "-ax", "-o", "pid="], capture_output=True, text=True, check=True)
    return [int(line) for line in listed.stdout.split()]


def _told_of(process: int) -> str:
    if sys.platform == "linux":
        told = b""
        for name in ("environ", "cmdline"):
            with suppress(OSError):
                told += Path(f"/proc/{process}/{name}").read_bytes()
        return told.decode(errors="replace")
    shown = subprocess.run(["ps", "eww", str(process)], capture_output=True, text=True, check=False)
    return shown.stdout


def _environ(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EARMARK_")}
    return kept | {
        "EARMARK_INBOX": str(home / "inbox"),
        "EARMARK_DATA": str(home / "var"),
        "EARMARK_MODELS": str(home / "models"),
        "EARMARK_WORKERS": "1",
        "EARMARK_DASHBOARD_PORT": "0",
        "EARMARK_SETTLE_SECONDS": "0.05",
    }
