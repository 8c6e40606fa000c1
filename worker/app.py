"""The Celery app of the workers; `celery -A worker.app worker` and `earmark worker` start it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from celery.signals import worker_init, worker_process_init

from earmark.audio.decode import Sound
from earmark.errors import StoreUnreachable
from earmark.frontends import FRONT_ENDS
from earmark.messaging.celery_app import make_app
from earmark.messaging.messages import BULK, EXTRACT, LABEL, LIVE, RELABEL, Batch
from earmark.model.registry import Registry
from earmark.services.celery_heartbeat import show_life
from earmark.services.processes import ServiceName, quiet_numerics
from earmark.settings import Settings
from earmark.store import Store
from worker.backfill import extract_lacking
from worker.context import Bench
from worker.label import label_batch, relabel
from worker.live_model import LiveModel

log = logging.getLogger(__name__)

quiet_numerics(os.environ)
app = make_app("worker", queues=(LIVE, BULK))


@app.task(name=LABEL, bind=True)
def label_clips(self: Any, clips: list[list[str]]) -> None:
    """Extract, store and label a batch."""
    _do(lambda: label_batch(_bench(), Batch.from_json(clips), message=self.request.id))


@app.task(name=RELABEL)
def relabel_clips(paths: list[str]) -> None:
    """Label clips anew, from their stored vectors where there are any."""
    _do(lambda: relabel(_bench(), paths))


@app.task(name=EXTRACT)
def extract_clips(paths: list[str]) -> None:
    """Extract what the live model eats, where it lacks."""
    _do(lambda: extract_lacking(_bench(), paths))


def _do(work: Callable[[], object]) -> None:
    """Do a task, and do it anew if the store went away under it and is back within a lease."""
    with _memory_is_no_end():
        try:
            work()
        except StoreUnreachable as error:
            log.warning("%s; waits for it with the task in hand", error)
            _bench().store.connection.wait_until_ready(_bench().lease_seconds)
            work()


@contextmanager
def _memory_is_no_end() -> Iterator[None]:
    # Celery ends the whole worker, parent included, on a MemoryError that leaves a task.
    try:
        yield
    except MemoryError as error:
        raise RuntimeError("too little memory; the ledger gives these clips out again") from error


@cache
def _bench() -> Bench:
    """Made on first use, so after the fork: connections and nets do not survive one."""
    settings = Settings.load()
    store = Store.at(settings.store_url, wait_seconds=5)
    return Bench(
        inbox=settings.inbox.resolve(),
        limits=settings.limits,
        lease_seconds=settings.lease_seconds,
        store=store,
        model=LiveModel(Registry.of(settings), store),
        clock=time.time,
    )


@worker_init.connect
def _before_the_fork(**_: Any) -> None:
    """Import and compute once what every process would otherwise do in its first batch."""
    silence = Sound(np.zeros(8_000, np.float32), 8_000)
    for front_end in FRONT_ENDS.values():
        front_end.extract([silence])


show_life(ServiceName.WORKER)


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    _bench().model.current()
