"""One Celery task for each file, and Celery's defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from bench.peers.work import extract_and_store, store_url, warm_up

app = Celery("naive", broker=store_url().replace("unix://", "redis+socket://"))
app.conf.task_ignore_result = True


@app.task
def label(path: str) -> None:
    extract_and_store(path)


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    warm_up()


def submit(paths: Sequence[str]) -> None:
    for path in paths:
        label.delay(path)
