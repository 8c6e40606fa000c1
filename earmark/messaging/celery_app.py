"""The Celery app: its configuration, its schedule, its broker.

Celery only delivers; what is to be done stands in the store's ledger. So tasks have no results,
are acknowledged late, and may come twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Self

from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import crontab
from celery.signals import after_setup_logger, after_setup_task_logger
from kombu import Connection, Queue
from tzlocal import get_localzone

from earmark.messaging.messages import (
    BULK,
    LIVE,
    TRAIN,
    TRAIN_IF_DUE,
    TRAINING,
)
from earmark.services.processes import LOG_FORMAT
from earmark.services.service_log import make_printable
from earmark.settings import Settings

DUE_SECONDS = 60
"""How often the scheduler asks whether enough new clips have come for a training."""

_KEY_PREFIX = "earmark:celery:"
_VISIBILITY_SECONDS = 300
_STOP_SECONDS = 3.0
"""Celery sleeps so long when it is told to stop with a task in hand; a batch takes a tenth."""
_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 0.2, 1.0
"""Between two tries to reach a broker that is away."""


class _Tireless(Connection):
    """A broker that is back is used again within a second.

    Celery rests 2 s after the first try, then 4, 6, and up to 30, and has no setting for it.
    """

    def ensure_connection(self, *args: Any, **options: Any) -> Self:
        rests = {
            "interval_start": _FIRST_REST_SECONDS,
            "interval_step": _FIRST_REST_SECONDS,
            "interval_max": _LONGEST_REST_SECONDS,
        }
        return super().ensure_connection(*args, **(rests | options))


class _TirelessAMQP(AMQP):
    Connection = _Tireless


@after_setup_logger.connect
@after_setup_task_logger.connect
def _let_it_print(logger: logging.Logger, **_: Any) -> None:
    make_printable(logger)


def make_app(name: str, queues: Sequence[str] = (LIVE, BULK, TRAINING), **overrides: Any) -> Celery:
    """A Celery app whose configuration is read from the settings when it is first used.

    Parameters
    ----------
    queues
        What its workers consume, the most urgent first.
    overrides
        Celery settings that differ from `configuration`.
    """
    app = Celery(name, set_as_current=False, amqp=_TirelessAMQP)
    app.add_defaults(lambda: configuration(Settings.load(), queues) | overrides)
    return app


def configuration(settings: Settings, queues: Sequence[str]) -> dict[str, Any]:
    """Celery's configuration; docs/architecture.md says why each value is what it is."""
    return {
        "broker_url": broker_url(settings.store_url),
        "broker_transport_options": {
            "global_keyprefix": _KEY_PREFIX,
            "visibility_timeout": _VISIBILITY_SECONDS,
            "queue_order_strategy": "priority",
            "unacked_restore_interval": 5,
            "unacked_mutex_expire": 30,
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
            "health_check_interval": 10,
            **({} if settings.store_url.startswith("unix:") else {"socket_keepalive": True}),
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_queues": [Queue(queue) for queue in queues],
        "task_default_queue": queues[-1],
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_soft_time_limit": settings.lease_seconds * 2,
        "task_time_limit": settings.lease_seconds * 4,
        "worker_concurrency": settings.workers,
        "worker_prefetch_multiplier": 1,
        "worker_lost_wait": 1.0,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": _STOP_SECONDS,
        "worker_max_tasks_per_child": 1000,
        "worker_max_memory_per_child": 500_000,
        "worker_send_task_events": False,
        "worker_log_format": LOG_FORMAT,
        "worker_task_log_format": LOG_FORMAT,
        "worker_log_color": False,
        "timezone": str(get_localzone()),
        "beat_schedule": schedule(settings),
        "beat_schedule_filename": str(settings.data / "schedule"),
        "beat_sync_every": 1,
        "beat_scheduler": "trainer.schedule:Scheduler",
        "beat_max_loop_interval": 5,
    }


def schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """What the scheduler sends, and when; the crontab line is in the machine's local time."""
    return {
        "retrain": {
            "task": TRAIN,
            "schedule": crontab.from_string(settings.retrain_cron),
            "options": {"queue": TRAINING, "expires": 3600},
        },
        "retrain-after-new-clips": {
            "task": TRAIN_IF_DUE,
            "schedule": DUE_SECONDS,
            "options": {"queue": TRAINING, "expires": DUE_SECONDS},
        },
    }


def broker_url(store_url: str) -> str:
    """The store's address as Celery writes it; kombu checks a certificate only when it is told."""
    if store_url.startswith("unix://"):
        path, _, query = store_url.removeprefix("unix://").partition("?")
        database = query.removeprefix("db=") if query.startswith("db=") else "0"
        return f"redis+socket://{path}?virtual_host={database}"
    if store_url.startswith("rediss://") and "ssl_cert_reqs=" not in store_url:
        return f"{store_url}{'&' if '?' in store_url else '?'}ssl_cert_reqs=required"
    return store_url
