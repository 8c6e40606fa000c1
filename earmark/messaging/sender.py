"""Publishes tasks by name, without importing who does them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from kombu.exceptions import OperationalError

from earmark.errors import StoreUnreachable
from earmark.masking import without_password
from earmark.messaging.celery_app import app_of, configuration
from earmark.messaging.messages import (
    BULK,
    EXTRACT,
    EXTRACT_CLIPS,
    LABEL,
    LIVE,
    RELABEL,
    RELABEL_CLIPS,
    TRAIN,
    TRAINING,
    Batch,
)
from earmark.settings import Settings

_IMPATIENT = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1}
"""For whoever sends: what the broker does not take now stands in the ledger, and is sent again."""


class Sender:
    """Publishes tasks by name, without importing who does them.

    Raises
    ------
    SettingsError
        When Celery's configuration cannot be made of the settings.
    """

    def __init__(self, settings: Settings) -> None:
        configured = configuration(settings, (LIVE, BULK, TRAINING))
        configured["broker_transport_options"] |= _IMPATIENT
        self._app = app_of("earmark", lambda: configured)
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
            told = without_password(str(error))
            raise StoreUnreachable(f"the broker at {self._address} {trouble}: {told}") from error
