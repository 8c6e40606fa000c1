"""Where producer, worker and trainer meet: the Celery app, the task names, the messages.

Celery only delivers; what is to be done stands in the store's ledger. So tasks have no results,
are acknowledged late, and may come twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, cast

from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import crontab
from kombu import Connection, Queue
from kombu.exceptions import OperationalError
from tzlocal import get_localzone

from earmark.clips import Revision
from earmark.errors import StoreUnreachable
from earmark.services.processes import LOG_FORMAT
from earmark.settings import Settings
from earmark.store.connection import without_password

LIVE = "live"
"""Queue of clips that were dropped just now."""
BULK = "bulk"
"""Queue of the backlog."""
TRAINING = "training"

LABEL = "worker.label"
RELABEL = "worker.relabel"
EXTRACT = "worker.extract"
TRAIN = "trainer.train"
TRAIN_IF_DUE = "trainer.train_if_due"

BATCH_CLIPS = 256
"""Most clips of a message; a smaller message costs each of its clips more."""
RELABEL_CLIPS = 512
"""The same where the vectors are there already."""
EXTRACT_CLIPS = 128
"""The same where they are extracted without haste, so that a live clip waits for few of them."""
DUE_SECONDS = 60
"""How often the scheduler asks whether enough new clips have come for a training."""

_KEY_PREFIX = "earmark:celery:"
_VISIBILITY_SECONDS = 300
_STOP_SECONDS = 3.0
"""Celery sleeps so long when it is told to stop with a task in hand; a batch takes a tenth."""
_IMPATIENT = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1}
"""For whoever sends: what the broker does not take now stands in the ledger, and is sent again."""
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


@dataclass(frozen=True, slots=True)
class Batch:
    """The message to a worker: which clips to label, in which revision.

    Paths are relative to the inbox: a message can name nothing outside of it.
    """

    clips: tuple[tuple[str, Revision], ...]

    def to_json(self) -> list[list[str]]:
        return [[path, str(revision)] for path, revision in self.clips]

    @classmethod
    def from_json(cls, value: Iterable[Iterable[str]]) -> Self:
        """Read a message.

        Raises
        ------
        ValueError
            When it is not a list of pairs of path and revision.
        """
        return cls(tuple((path, Revision.parse(revision)) for path, revision in value))


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


class Sender:
    """Publishes tasks by name, without importing who does them."""

    def __init__(self, settings: Settings) -> None:
        options = configuration(settings, (LIVE, BULK, TRAINING))["broker_transport_options"]
        self._app = make_app(
            "earmark",
            broker_url=broker_url(settings.store_url),
            broker_transport_options=options | _IMPATIENT,
        )
        self._address = without_password(settings.store_url)

    def label(self, batch: Batch, queue: str) -> None:
        """Queue a batch of clips; it is accepted when this returns.

        Raises
        ------
        StoreUnreachable
            When the broker did not accept it.
        """
        self._send(LABEL, queue, batch.to_json())

    def relabel(self, paths: list[str]) -> None:
        """Queue clips to be labelled anew, from their stored vectors where there are any."""
        for start in range(0, len(paths), RELABEL_CLIPS):
            self._send(RELABEL, BULK, paths[start : start + RELABEL_CLIPS])

    def extract(self, paths: list[str]) -> None:
        """Queue clips whose vectors the live model may lack."""
        for start in range(0, len(paths), EXTRACT_CLIPS):
            self._send(EXTRACT, BULK, paths[start : start + EXTRACT_CLIPS])

    def train(self, *, recipe: str | None, force: bool, asked_by: str) -> str:
        """Queue a training; answers the request that its result will name."""
        return self._send(TRAIN, TRAINING, recipe, force, asked_by)

    def depths(self) -> dict[str, int]:
        """How many messages wait in each queue.

        Raises
        ------
        StoreUnreachable
            When the broker does not answer.
        """
        with self._app.connection_for_read() as connection, self._reached("does not answer"):
            client: Any = cast(Any, connection.default_channel).client
            return {queue: int(client.llen(queue)) for queue in (LIVE, BULK, TRAINING)}

    def close(self) -> None:
        self._app.close()

    def _send(self, task: str, queue: str, *arguments: Any) -> str:
        with self._reached("did not accept a task"):
            # Without a text for the arguments, Celery makes one, which takes longer than the rest.
            sent = self._app.send_task(task, arguments, queue=queue, retry=False, argsrepr="(...)")
        return str(sent.id)

    @contextmanager
    def _reached(self, trouble: str) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise StoreUnreachable(f"the broker at {self._address} {trouble}: {error}") from error
