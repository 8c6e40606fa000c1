"""The worker's Celery app with traps: clips whose names make a worker stop where a test wants it.

`hold-...`    waits inside of its batch, once, until the test says go
`after-...`   waits once its batch is settled, before it is acknowledged
`memory-...`  lets its decoder run out of memory
`loop-...`    never comes back from its decoder
`stuck-...`   never comes back, and is deaf to the soft time limit
`exit-...`    lets its decoder end the process
`segv-...`    lets its decoder crash
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from earmark.audio.decode import Limits
from earmark.audio.reader import Recording
from worker import label
from worker.app import app

__all__ = ["app"]

HELD, GO = "held", "go"

_labelling: Any = label
_record, _settle = _labelling.record, _labelling._settle


def _trapped(path: Path, limits: Limits, **options: Any) -> Recording:
    match path.stem.partition("-")[0]:
        case "hold":
            _hold()
        case "memory":
            raise MemoryError
        case "exit":
            os._exit(1)
        case "segv":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "loop":
            _loop()
        case "stuck":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            _loop()
    recording: Recording = _record(path, limits, **options)
    return recording


def _trapped_settle(bench: Any, front_end: Any, settlements: Any) -> None:
    _settle(bench, front_end, settlements)
    if any(each.record.path.startswith("after-") for each in settlements):
        _hold()


def _loop() -> None:
    while True:
        pass


def _hold() -> None:
    home = Path(os.environ["EARMARK_DATA"]).parent
    try:
        (home / HELD).touch(exist_ok=False)
    except FileExistsError:
        return
    while not (home / GO).exists():
        time.sleep(0.005)


_labelling.record = _trapped
_labelling._settle = _trapped_settle
