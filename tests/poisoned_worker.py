"""The worker's Celery app, in which the clip `poison-kill.wav` kills the process that opens it.

It dies as the kernel would let it die that is out of memory.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from earmark.audio import reader
from earmark.audio.decode import Limits
from earmark.audio.reader import Recording
from worker import label
from worker.app import app

__all__ = ["app"]

_record = reader.record


def _poisoned(path: Path, limits: Limits, **options: Any) -> Recording:
    if path.name == "poison-kill.wav":
        os.kill(os.getpid(), signal.SIGKILL)
    return _record(path, limits, **options)


setattr(label, "record", _poisoned)  # noqa: B010 - it is no part of what it exports
