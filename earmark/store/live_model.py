"""The notice board: the live model, signs of life, the training's progress, events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from redis.exceptions import LockError, ResponseError

from earmark.errors import StoreRefused, TrainingBusy
from earmark.model.artifact import Announcement, Artefact
from earmark.store import keys
from earmark.store.connection import Connection
from earmark.store.training_lock import LOCK_SECONDS, TrainingLock

EVENTS_KEPT = 10_000
ALIVE_SECONDS = 15
"""A service that was silent for longer is counted as dead."""
ARTEFACT_SECONDS = 7 * 24 * 3600
_FORGET_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the stream."""

    id: str
    kind: str
    fields: dict[str, Any]


class Board:
    """What services tell one another through the store."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come

    def announce(self, artefact: Artefact, *, only_if_none: bool = False) -> None:
        """Make a model the live one for all workers, and lay its bytes beside."""
        announcement = artefact.announcement
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hset(
            keys.artefact(announcement.version),
            mapping={"litert": artefact.litert, "trained_on": artefact.trained_on},
        )
        pipeline.set(keys.LIVE, json.dumps(asdict(announcement)), nx=only_if_none)
        entry = {"kind": "model", "version": announcement.version}
        pipeline.xadd(keys.EVENTS, entry, maxlen=EVENTS_KEPT)
        pipeline.execute()

    def live(self) -> Announcement | None:
        value = self._redis.get(keys.LIVE)
        return Announcement.of_json(json.loads(value)) if value else None

    def artefact(self, announcement: Announcement) -> Artefact | None:
        """The bytes of an announced model, verified; None where the store has none.

        Raises
        ------
        CorruptModel
            When they are not what was announced.
        """
        litert, trained_on = self._redis.hmget(
            keys.artefact(announcement.version), ["litert", "trained_on"]
        )
        if litert is None or trained_on is None:
            return None
        return Artefact.verified(announcement, litert, trained_on)

    def withdraw(self, version: str) -> None:
        """Drop the bytes of a model that no worker may need any more."""
        self._redis.delete(keys.artefact(version))

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
        """Empty the stream of events, and drop a speaker from the last training.

        Deleting single entries would leave their bytes in the server's memory and log.
        """
        self._redis.xtrim(keys.EVENTS, maxlen=0, approximate=False)
        last = self.last_training()
        if last and speaker in last.get("speakers", {}):
            del last["speakers"][speaker]
            self._redis.set(keys.LAST_TRAINING, json.dumps(last))

    def rewrite_log(self) -> bool:
        """Let the server write its log anew, without what was deleted; whether it does so."""
        try:
            self._redis.bgrewriteaof()
        except (StoreRefused, ResponseError):  # not this user's right, or it is at it already
            return False
        return True

    def events(self, after: str, block_seconds: float) -> list[Event]:
        """Entries of the stream behind an id (`$`: only new ones), waiting for the first."""
        found = self._redis.xread({keys.EVENTS: after}, block=max(1, int(block_seconds * 1000)))
        entries = _entries_of(found)
        return [_event(id, fields) for id, fields in entries]

    def newest_event(self) -> str:
        """The id of the stream's last entry; `0` while there is none."""
        last = self._redis.xrevrange(keys.EVENTS, count=1)
        return last[0][0].decode() if last else "0"

    def settled_since(self, timestamp: float) -> int:
        """How many clips were labelled or failed since a time, seconds since the epoch."""
        entries = self._redis.xrange(keys.EVENTS, min=str(int(timestamp * 1000)))
        return sum(int(fields.get(b"count", 0)) for _, fields in entries)

    def _json(self, key: str) -> dict[str, Any] | None:
        value = self._redis.get(key)
        if not value:
            return None
        parsed: dict[str, Any] = json.loads(value)
        return parsed


def _entries_of(found: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    streams = found.values() if isinstance(found, dict) else [entries for _, entries in found]
    flat: list[tuple[bytes, dict[bytes, bytes]]] = []
    for entries in streams:
        for entry in entries:
            flat.extend(entry if isinstance(entry, list) else [entry])
    return flat


def _event(identity: bytes, fields: dict[bytes, bytes]) -> Event:
    text = {name.decode(): value.decode() for name, value in fields.items()}
    kind = text.pop("kind")
    values: dict[str, Any] = {
        name: json.loads(value) if name in ("clips", "result", "count") else value
        for name, value in text.items()
    }
    return Event(identity.decode(), kind, values)
