"""The Celery app of the workers; `celery -A worker.app worker` and `earmark worker` start it."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

from celery.signals import heartbeat_sent, worker_process_init, worker_ready, worker_shutting_down

from earmark.jobs import BULK, LABEL, LIVE, RELABEL, Batch, make_app
from earmark.registry import Registry
from earmark.services import ServiceName, quiet_numerics, sign_of_life, sign_off
from earmark.settings import Settings
from earmark.store import Store
from worker.labelling import Bench, label_batch, relabel
from worker.models import LiveModel

quiet_numerics(os.environ)
app = make_app("worker", queues=(LIVE, BULK))


@app.task(name=LABEL, max_retries=2)
def label_clips(clips: list[list[str]]) -> None:
    """Extract, store and label a batch."""
    label_batch(_bench(), Batch.from_json(clips))


@app.task(name=RELABEL, max_retries=2)
def relabel_clips(paths: list[str]) -> None:
    """Label clips anew from their stored vectors."""
    relabel(_bench(), paths)


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
        model=LiveModel(Registry(settings.models), store),
        clock=time.time,
    )


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    _bench().model.current()


@worker_ready.connect
@heartbeat_sent.connect
def _beat(**_: Any) -> None:
    sign_of_life(ServiceName.WORKER)


@worker_shutting_down.connect
def _leave(**_: Any) -> None:
    sign_off(ServiceName.WORKER)
