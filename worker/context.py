"""All that a worker process has at hand."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from earmark.audio.decode import Limits
from earmark.store import Store
from worker.live_model import LiveModel

DEFAULT_FRONT_END = "mfcc-mean"


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a worker process needs at hand.

    Parameters
    ----------
    clock
        Seconds since the epoch.
    """

    inbox: Path
    """Resolved: absolute and free of links."""
    limits: Limits
    lease_seconds: float
    store: Store
    model: LiveModel
    clock: Callable[[], float]


def worker_name() -> str:
    """This process, as events and logs name it."""
    return f"worker@{socket.gethostname()}:{os.getpid()}"
