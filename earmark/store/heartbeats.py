"""When each service last showed that it lives."""

from __future__ import annotations

from typing import Any

from earmark.store import keys
from earmark.store.connection import Connection

ALIVE_SECONDS = 15
"""A service that was silent for longer is counted as dead."""
_FORGET_SECONDS = 24 * 3600


class Heartbeats:
    """The last sign of life of each service, named `name@host:pid`."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come

    def sign_of_life(self, service: str, now: float) -> None:
        """Tell that a service, named `name@host:pid`, is alive."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zadd(keys.SERVICES, {service: now})
        pipeline.zremrangebyscore(keys.SERVICES, "-inf", now - _FORGET_SECONDS)
        pipeline.execute()

    def sign_off(self, service: str) -> None:
        self._redis.zrem(keys.SERVICES, service)

    def alive(self, now: float) -> dict[str, float]:
        """Services that gave a sign of life lately, and how many seconds ago."""
        found = self._redis.zrange(
            keys.SERVICES, now - ALIVE_SECONDS, "+inf", byscore=True, withscores=True
        )
        return {name.decode(): round(now - score, 1) for name, score in found}
