"""The shared store: clips, vectors, and what services tell one another, in Redis or Valkey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from earmark.store import keys
from earmark.store.connection import Connection
from earmark.store.events import Events
from earmark.store.heartbeats import Heartbeats
from earmark.store.ledger import Ledger
from earmark.store.live_model import Board
from earmark.store.migrations import bring_up_to_date
from earmark.store.passed_over import PassedOver
from earmark.store.training_state import TrainingState
from earmark.store.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Store:
    """One connection, and the parts of the store."""

    connection: Connection
    clips: Ledger
    vectors: Vectors
    board: Board
    heartbeats: Heartbeats
    events: Events
    training: TrainingState
    passed_over: PassedOver

    def is_wiped(self) -> bool:
        """Whether nobody has said `was_told`, or the store was wiped since."""
        return not self.connection.exists(keys.TOLD)

    def was_told(self) -> None:
        """The store knows what the files on disk say: corrections, and what is to be forgotten."""
        self.connection.set(keys.TOLD, 1)

    @classmethod
    def at(cls, url: str, *, wait_seconds: float = 0) -> Self:
        """Connect.

        Parameters
        ----------
        url
            `redis://`, `rediss://` or `unix://`.
        wait_seconds
            How long to wait for a store that is starting.

        Raises
        ------
        NotRunning
            When nothing answers within the time.
        StoreRefused
            When it asks for another password, or its tables are of a newer version.
        """
        connection = Connection.to(url)
        connection.wait_until_ready(wait_seconds)
        bring_up_to_date(connection)
        return cls(
            connection=connection,
            clips=Ledger(connection),
            vectors=Vectors(connection),
            board=Board(connection),
            heartbeats=Heartbeats(connection),
            events=Events(connection),
            training=TrainingState(connection),
            passed_over=PassedOver(connection),
        )
