"""The live model: which it is, and its bytes for hosts that share no disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from earmark.model.artifact import Announcement, Artefact
from earmark.store import keys
from earmark.store.connection import Connection
from earmark.store.events import EVENTS_KEPT


class Board:
    """The live model, as workers find it."""

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
