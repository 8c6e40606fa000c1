"""The Celery app: its configuration, its schedule, its broker.

Celery only delivers; what is to be done stands in the store's ledger. So tasks have no results,
are acknowledged late, and may come twice.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from celery import Celery
from celery.schedules import crontab
from celery.signals import after_setup_logger, after_setup_task_logger
from kombu import Exchange, Queue

from earmark.environment.time_zone import local_zone
from earmark.errors import EarmarkError
from earmark.messaging.broker_connection import BrokerAMQP
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
from earmark.terminal import note

DUE_SECONDS = 60
"""How often the scheduler asks whether enough new clips have come for a training."""

_KEY_PREFIX = "earmark:celery:"
_VISIBILITY_SECONDS = 300
_STOP_SECONDS = 3.0
"""Celery sleeps so long when it is told to stop with a task in hand; a batch takes a tenth."""


@after_setup_logger.connect
@after_setup_task_logger.connect
def _let_it_print(logger: logging.Logger, **_: Any) -> None:
    make_printable(logger)


def make_app(name: str, queues: Sequence[str] = (LIVE, BULK, TRAINING), **overrides: Any) -> Celery:
    """A service's Celery app, whose configuration is read from the settings when it is first used.

    Where it cannot be read, the process ends with one line: Celery would go on with its defaults.

    Parameters
    ----------
    queues
        What its workers consume, the most urgent first.
    overrides
        Celery settings that differ from `configuration`.
    """
    return app_of(name, lambda: _or_end(lambda: configuration(Settings.load(), queues) | overrides))


def app_of(name: str, read: Callable[[], dict[str, Any]]) -> Celery:
    """A Celery app that takes its configuration from a function when it is first used."""
    app = Celery(name, set_as_current=False, amqp=BrokerAMQP)
    app.add_defaults(read)
    return app


def _or_end(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Read the configuration, or end the process: nothing on the way up swallows a `SystemExit`."""
    try:
        return read()
    except EarmarkError as error:
        told = str(error)
    except Exception as error:  # whatever it is, Celery would ask once and take its defaults
        told = f"the settings cannot be read: {type(error).__name__}: {error}"
    note(f"earmark: {told}")
    sys.exit(2)


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
        "task_queues": [Queue(name, Exchange(name), routing_key=name) for name in queues],
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
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_log_format": LOG_FORMAT,
        "worker_task_log_format": LOG_FORMAT,
        "worker_log_color": False,
        "timezone": local_zone(),
        "beat_schedule": schedule(settings),
        "beat_schedule_filename": str(settings.data / "schedule.json"),
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
    """The store's address as kombu reads it.

    kombu takes user, password and database from their places in the address alone, hides the
    password only there, and checks a certificate only when it is told to.
    """
    parts = urlsplit(store_url)
    query = dict(parse_qsl(parts.query))
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    user = user or quote(query.pop("username", ""), safe="")
    password = password or quote(query.pop("password", ""), safe="")
    asked = f"{user}:{password}@" if password else f"{user}@" if user else ""
    place = f"{asked}{parts.netloc.rpartition('@')[2]}"
    if parts.scheme == "unix":
        return f"redis+socket://{place}{parts.path}?virtual_host={query.get('db', '0')}"
    tls = {name: value for name, value in query.items() if name.startswith("ssl_")}
    if parts.scheme == "rediss":
        tls.setdefault("ssl_cert_reqs", "required")
    path = f"/{query['db']}" if "db" in query else parts.path
    return f"{parts.scheme}://{place}{path}" + (f"?{urlencode(tls, safe='/')}" if tls else "")
