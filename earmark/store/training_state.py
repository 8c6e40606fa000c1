"""The training that runs, the last one that ended, and the right to train."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from redis.exceptions import LockError

from earmark.errors import EarmarkError, TrainingBusy
from earmark.store import keys
from earmark.store.connection import Connection
from earmark.store.events import EVENTS_KEPT

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


class TrainingState:
    """How far the running training is, and how the last one ended."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come

    def training(self) -> dict[str, Any] | None:
        """How far the running training is; None where none runs."""
        return self._json(keys.TRAINING)

    def tell_training(self, progress: dict[str, Any]) -> None:
        self._redis.set(keys.TRAINING, json.dumps(progress), ex=LOCK_SECONDS)

    def last_training(self) -> dict[str, Any] | None:
        return self._json(keys.LAST_TRAINING)

    def end_training(self, result: dict[str, Any], request: str = "") -> None:
        """Keep a training's result for the next one, and tell it to whoever listens.

        Parameters
        ----------
        request
            Which request it answers, for whoever waits for that one.
        """
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.set(keys.LAST_TRAINING, json.dumps(result))
        pipeline.delete(keys.TRAINING)
        pipeline.execute()
        self.tell_result(result, request)

    def end_training_badly(self, reason: str, request: str) -> None:
        """Tell that a training broke; the next one compares itself with the one before."""
        self._redis.delete(keys.TRAINING)
        self.tell_result({"outcome": "failed", "reason": reason}, request)

    def tell_result(self, result: dict[str, Any], request: str = "") -> None:
        """Tell how a training ended to whoever listens."""
        entry = {"kind": "training", "result": json.dumps(result), "request": request}
        self._redis.xadd(keys.EVENTS, entry, maxlen=EVENTS_KEPT)

    @contextmanager
    def training_lock(self, request: str = "") -> Iterator[TrainingLock]:
        """The right to train, which only one process anywhere holds.

        It is renewed in the background; when that fails, `TrainingLock.renew` finds it lost.

        Parameters
        ----------
        request
            Which request the training answers.

        Raises
        ------
        TrainingBusy
            When another holds it.
        """
        lock = self._redis.lock(
            keys.TRAINING_LOCK, timeout=LOCK_SECONDS, blocking=False, thread_local=False
        )
        if not lock.acquire():
            raise TrainingBusy("another training is under way; one runs at a time")
        held = TrainingLock(self._redis, lock, request)
        try:
            with held.kept():
                yield held
        finally:
            with suppress(LockError):  # it may have run out, and be another's by now
                lock.release()

    def restore_last_training(self, result: dict[str, Any]) -> None:
        """Take a backup's last training for the last one, if there was none since."""
        self._redis.set(keys.LAST_TRAINING, json.dumps(result), nx=True)

    def forget(self, speaker: str) -> None:
        """Drop a speaker from the last training."""
        last = self.last_training()
        if last and speaker in last.get("speakers", {}):
            del last["speakers"][speaker]
            self._redis.set(keys.LAST_TRAINING, json.dumps(last))

    def _json(self, key: str) -> dict[str, Any] | None:
        value = self._redis.get(key)
        if not value:
            return None
        parsed: dict[str, Any] = json.loads(value)
        return parsed
