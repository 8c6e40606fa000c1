"""Earmark's services as real processes in a folder of their own, while a measurement lasts."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earmark.clips import State
from earmark.services.processes import SUPERVISED, ServiceName, environment
from earmark.settings import Settings
from earmark.store import Store

REPOSITORY = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 25.0
"""Longer than a worker's soft shutdown."""
POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Rig:
    """A running store, and a folder with an inbox and a model."""

    home: Path
    settings: Settings
    store: Store
    environ: dict[str, str]

    @property
    def inbox(self) -> Path:
        return self.settings.inbox

    @contextmanager
    def service(self, name: ServiceName, **overrides: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run one service; enters once it has given a sign of life."""
        environ = self.environ | {f"EARMARK_{key}": value for key, value in overrides.items()}
        command = [sys.executable, "-m", "earmark", name]
        with running(command, environ, self.home, log=self.home / f"{name}.log") as process:
            self.wait_for(lambda: self._is_there(name, process.pid), START_SECONDS, process)
            yield process

    def _is_there(self, name: ServiceName, process_id: int) -> bool:
        alive = self.store.heartbeats.alive(time.time())
        return any(
            each.startswith(f"{name}@") and each.endswith(f":{process_id}") for each in alive
        )

    def done(self) -> int:
        """How many clips are labelled, unsure or failed."""
        return sum(count for state, count in self.store.clips.counts().items() if state.done)

    def wait_until_done(self, clips: int, seconds: float) -> None:
        """Return once so many clips are done; none of them may have failed."""
        self.wait_for(lambda: self.done() >= clips, seconds)
        failed = self.store.clips.counts()[State.FAILED]
        if failed:
            raise RuntimeError(f"{failed} clips failed")

    def wait_for(
        self,
        reached: Callable[[], bool],
        seconds: float,
        process: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """Look every few milliseconds until something is so."""
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline or (process and process.poll() is not None):
                raise RuntimeError(f"it did not come to pass; logs said:\n{self._logs()}")
            time.sleep(POLL_SECONDS)

    def _logs(self) -> str:
        return "\n".join(log.read_text()[-2_000:] for log in sorted(self.home.glob("*.log")))


@contextmanager
def rig(models: Path, workers: int, inbox: Path | None = None) -> Iterator[Rig]:
    """A store and a folder, both gone afterwards.

    Parameters
    ----------
    models
        A registry; it is copied.
    workers
        Processes that label.
    inbox
        An existing folder to watch; unset: one beside the store.
    """
    home = Path(tempfile.mkdtemp(prefix="em-bench-"))
    try:
        shutil.copytree(models, home / "models")
        settings = Settings(
            inbox=inbox or home / "inbox",
            data=home / "var",
            models=home / "models",
            workers=workers,
        )
        settings.inbox.mkdir(exist_ok=True)
        environ = _environ(settings)
        command = [sys.executable, "-m", "earmark.services.embedded_redis"]
        with running(command, environ, home, log=home / "store.log"):
            store = Store.at(settings.store_url, wait_seconds=START_SECONDS)
            yield Rig(home, settings, store, environ)
            store.connection.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], environ: Mapping[str, str], folder: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, gently and then not, whatever happens."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environ(settings: Settings) -> dict[str, str]:
    strangers = {key: value for key, value in environment().items() if key[:8] != "EARMARK_"}
    return strangers | {
        SUPERVISED: str(os.getpid()),
        "PYTHONPATH": str(REPOSITORY),
        "EARMARK_INBOX": str(settings.inbox),
        "EARMARK_DATA": str(settings.data),
        "EARMARK_MODELS": str(settings.models),
        "EARMARK_WORKERS": str(settings.workers),
    }
