"""The connection to the broker, where Celery's own would rest too long or wait for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis

_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 0.2, 1.0
"""Between two tries to reach a broker that is away."""


class _Attentive(redis.QoS):
    """Lets the worker connect anew when a message could not be acknowledged.

    kombu logs that, counts the message as in hand for ever, and so asks for no other. What usually
    tells a worker that the broker was away is the connection of the remote control, which is off.
    """

    _lost: Exception | None = None

    def ack(self, delivery_tag: str) -> None:
        with self._loss_noticed():
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        with self._loss_noticed():
            super().reject(delivery_tag, requeue=requeue)

    @contextmanager
    def _loss_noticed(self) -> Iterator[None]:
        channel: Any = self.channel
        try:
            yield
        except channel.connection_errors as error:
            self._lost = error
            raise

    def can_consume(self) -> bool:
        """Asked before the broker is asked for a message; an error makes the worker start over."""
        if self._lost is not None:
            raise self._lost
        return bool(super().can_consume())


class _Channel(redis.Channel):
    QoS = _Attentive


class _Transport(redis.Transport):
    Channel = _Channel


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

    def get_transport_cls(self) -> Any:
        found = super().get_transport_cls()
        return _Transport if found is redis.Transport else found


class BrokerAMQP(AMQP):
    """What a Celery app connects with."""

    Connection = _Tireless
