"""The Celery app of the trainer: one process, one training at a time, in a queue of its own.

A training acknowledges early, for its length is no visibility timeout's business; the lock in the
store sees to it that only one runs anywhere.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from celery.signals import task_failure, worker_ready

from earmark.messaging.celery_app import make_app
from earmark.messaging.messages import TRAIN, TRAIN_IF_DUE, TRAINING
from earmark.model.registry import Registry
from earmark.services.celery_heartbeat import show_life
from earmark.services.processes import ServiceName
from earmark.settings import Settings

app = make_app(
    "trainer",
    queues=(TRAINING,),
    worker_concurrency=1,
    worker_max_tasks_per_child=1,
    worker_max_memory_per_child=None,
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    task_soft_time_limit=None,
    task_time_limit=None,
)


@app.task(name=TRAIN, bind=True)
def train(
    self: Any, recipe: str | None = None, force: bool = False, asked_by: str = "schedule"
) -> None:
    """Train once, evaluate, and publish what is not worse than the live model."""
    from trainer import service

    service.log.info("a training begins, asked for by %s", asked_by)
    service.run(_desk(), recipe=recipe, force=force, request=self.request.id)


@task_failure.connect
def _tell(exception: BaseException, task_id: str, **_: Any) -> None:
    """Whoever waits is told of every end, that of a process that was killed too."""
    _desk().store.training.end_training_badly(f"the training was cut off: {exception}", task_id)


@app.task(name=TRAIN_IF_DUE)
def train_if_due() -> None:
    """Train if enough new clips with a truth have come."""
    from trainer import service
    from trainer.schedule import is_due

    desk = _desk()
    if is_due(desk.store, desk.settings.retrain_after):
        service.run(_desk(), recipe=None, force=False)


@cache
def _desk() -> Any:
    from earmark.messaging.sender import Sender
    from earmark.store import Store
    from trainer.service import Desk

    settings = Settings.load()
    store = Store.at(settings.store_url, wait_seconds=30)
    return Desk(settings, store, Registry.of(settings), Sender(settings), time.time)


@worker_ready.connect
def _announce(**_: Any) -> None:
    from trainer import service

    service.announce(_desk())
    service.warn_if_it_cannot_train()


show_life(ServiceName.TRAINER)
