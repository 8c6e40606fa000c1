"""A Redis client whose errors are ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis import exceptions
from redis.client import Pipeline

from earmark.errors import NotRunning, StoreRefused, StoreUnreachable
from earmark.masking import without_password

_REFUSALS = (
    exceptions.AuthenticationError,
    exceptions.AuthorizationError,
    exceptions.NoPermissionError,
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,
)
_OUTAGES = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.BusyLoadingError)
_POLL_SECONDS = 0.05


@contextmanager
def _mapped(address: str) -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        told = without_password(str(error))
        raise StoreRefused(f"the store at {address} refuses: {told}") from error
    except _OUTAGES as error:
        told = without_password(str(error))
        raise StoreUnreachable(f"the store at {address} does not answer: {told}") from error


class _MappedPipeline(Pipeline):
    address: str

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        with _mapped(self.address):
            results: list[Any] = super().execute(raise_on_error)
            return results


class Connection(redis.Redis):
    """A client that raises `StoreUnreachable` and `StoreRefused`; values are bytes."""

    address: str

    @classmethod
    def to(cls, url: str) -> Connection:
        """Prepare a client; nothing is sent before the first command."""
        tcp_only: dict[str, Any] = {} if url.startswith("unix:") else {"socket_keepalive": True}
        client: Any = cls.from_url(
            url,
            socket_timeout=10,
            socket_connect_timeout=5,
            health_check_interval=10,
            **tcp_only,
        )
        client.address = without_password(url)
        return cast(Connection, client)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        with _mapped(self.address):
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> _MappedPipeline:
        pipeline = _MappedPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )
        pipeline.address = self.address
        return pipeline

    def rewrite_log(self) -> bool:
        """Let the server write its log anew, without what was deleted; whether it does so."""
        try:
            self.bgrewriteaof()
        except (
            StoreRefused,
            exceptions.ResponseError,
        ):  # not this user's right, or it is at it already
            return False
        return True

    def wait_until_ready(self, seconds: float) -> None:
        """Return once the store answers.

        Raises
        ------
        NotRunning
            When it does not within the time.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.ping()
                return
            except StoreUnreachable as error:
                if time.monotonic() >= deadline:
                    raise NotRunning(
                        f"nothing answers at {self.address}: start Earmark with `earmark up`, "
                        "or set EARMARK_REDIS_URL to the store that is running"
                    ) from error
                time.sleep(_POLL_SECONDS)
