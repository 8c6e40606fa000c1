"""The right to train, which one process anywhere holds, and which runs out when it dies."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import LockError

from earmark.errors import EarmarkError, TrainingBusy
from earmark.store import keys

log = logging.getLogger(__name__)

LOCK_SECONDS = 20
"""So long nobody trains after the holder of the lock was killed. A store that is frozen makes one
renewal wait for its time-out of 10 s, and must not cost a training."""
_RENEW_SECONDS = 4


class TrainingLock:
    """The held lock; it runs out unless it is renewed, and the training's progress with it."""

    def __init__(self, redis: Any, lock: Any, request: str) -> None:
        self._redis = redis
        self._lock = lock
        self.request = request

    def renew(self) -> None:
        """Hold the lock for another `LOCK_SECONDS`.

        Raises
        ------
        TrainingBusy
            When it ran out, and the training must not publish.
        """
        try:
            self._lock.reacquire()
        except LockError as error:
            raise TrainingBusy("the right to train ran out, another may be training") from error
        self._redis.expire(keys.TRAINING, LOCK_SECONDS)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lock every few seconds while the context lasts."""
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(done,), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(_RENEW_SECONDS):
            try:
                self.renew()
            except EarmarkError as error:
                log.warning("%s", error)
