"""The processes that make up Earmark, and how each of them is started and ended."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, MutableMapping, Sequence
from enum import StrEnum
from importlib.util import find_spec
from typing import NoReturn

from earmark.settings import Settings

log = logging.getLogger(__name__)


class ServiceName(StrEnum):
    """One of the processes that `earmark up` runs."""

    PRODUCER = "producer"
    WORKER = "worker"
    TRAINER = "trainer"
    SCHEDULER = "scheduler"
    DASHBOARD = "dashboard"
    """A window that people look in through; nothing waits for it, and it may be missing."""


NEEDED = tuple(name for name in ServiceName if name is not ServiceName.DASHBOARD)
"""The services without which clips would not be queued, labelled and learned from."""


SUPERVISED = "EARMARK_SUPERVISED"
"""Environment variable that tells a service that it belongs to an `earmark up`."""
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

SERVICES: Mapping[ServiceName, tuple[str, ...]] = {name: (name.value,) for name in ServiceName}
"""Arguments of the `earmark` command that run each service in the foreground."""

LAST_SECONDS = 10.0
"""How long a service may take to stop; longer than a soft shutdown, shorter than any grace."""
_PR_SET_PDEATHSIG = 1
_CELERY = (sys.executable, "-m", "celery")
_WORKER = ("worker", "--without-mingle", "--without-gossip", "--loglevel", "INFO")


def command(name: ServiceName) -> list[str]:
    """The process that `earmark <service>` becomes."""
    match name:
        case ServiceName.PRODUCER:
            return [sys.executable, "-m", "producer"]
        case ServiceName.WORKER:
            return [*_CELERY, "-A", "worker.app", *_WORKER, "-n", f"worker-{os.getpid()}@%h"]
        case ServiceName.TRAINER:
            return [*_CELERY, "-A", "trainer.app", *_WORKER, "-n", f"trainer-{os.getpid()}@%h"]
        case ServiceName.SCHEDULER:
            return [*_CELERY, "-A", "trainer.app", "beat", "--loglevel", "INFO", "--pidfile="]
        case ServiceName.DASHBOARD:
            return [sys.executable, "-m", "dashboard"]


def has_dashboard(settings: Settings) -> bool:
    """Whether `earmark up` runs a dashboard: its packages are there and it has a port."""
    return settings.dashboard_port != 0 and find_spec("nicegui") is not None


def dashboard_url(settings: Settings) -> str:
    """Where people find the dashboard."""
    everywhere = settings.dashboard_host in ("0.0.0.0", "::")
    host = socket.gethostname() if everywhere else settings.dashboard_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.dashboard_port}"


def identity(name: str, process: int) -> str:
    """How a process of this host is named in the store."""
    return f"{name}@{socket.gethostname()}:{process}"


def environment() -> dict[str, str]:
    """What the services run with beside the settings.

    SIGTERM becomes Celery's soft shutdown: what is in hand is finished or given back in time.
    """
    quiet = dict(os.environ)
    quiet_numerics(quiet)
    return quiet | {"REMAP_SIGTERM": "SIGQUIT", "PYTHONUNBUFFERED": "1"}


def quiet_numerics(environ: MutableMapping[str, str]) -> None:
    """One thread for each process: the processes are what runs in parallel."""
    for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
        environ.setdefault(f"{library}_NUM_THREADS", "1")


def run(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Become another program, which ends with its supervisor if it has one."""
    if SUPERVISED in environ:
        _end_with_parent(int(environ[SUPERVISED]))
    os.execve(command[0], list(command), dict(environ))


def _end_with_parent(parent: int) -> None:
    """Let the kernel send SIGTERM when the supervisor dies, however it dies (Linux only)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")


def end_at_once_with_parent() -> None:
    """Let the kernel kill this process when its parent dies, however busy it is (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_within(seconds: float) -> None:
    """End this process in time, whatever it waits for: the ledger has all that is unfinished."""

    def end() -> None:
        log.error("did not stop within %g s, and ends now; nothing is lost", seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
