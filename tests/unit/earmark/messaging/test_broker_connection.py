"""The connection to the broker: a loss is noticed whatever it was that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue

from earmark.messaging.broker_connection import BrokerAMQP
from earmark.messaging.celery_app import configuration
from earmark.messaging.messages import LIVE
from tests.household import furnished, server


@pytest.mark.parametrize(
    "settle",
    [lambda message: message.ack(), lambda message: message.reject(requeue=True)],
    ids=["acknowledged", "given back"],
)
def test_a_message_that_cannot_be_settled_makes_the_worker_connect_anew(
    settle: Callable[[Any], None],
) -> None:
    with furnished(model=False) as house:
        configured = configuration(house.settings, (LIVE,))
        connection = BrokerAMQP.Connection(
            configured["broker_url"], transport_options=configured["broker_transport_options"]
        )
        with server(house.settings):
            channel: Any = connection.default_channel
            channel.qos.prefetch_count = 1
            queue = Queue(LIVE, Exchange(LIVE), routing_key=LIVE)(channel)
            queue.declare()
            with connection.Producer(channel) as producer:
                producer.publish({}, exchange=queue.exchange, routing_key=LIVE)
            message = queue.get()
            assert message is not None
            assert not channel.qos.can_consume()

        with pytest.raises(connection.connection_errors):
            settle(message)
        with server(house.settings), pytest.raises(connection.connection_errors):
            channel.qos.can_consume()
        connection.release()


def test_other_brokers_are_left_as_they_are() -> None:
    amqp = "pyamqp://guest@localhost//"

    assert BrokerAMQP.Connection(amqp).get_transport_cls() is (Connection(amqp).get_transport_cls())
