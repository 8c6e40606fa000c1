"""When to train: the scheduler, and whether enough clips have come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler

from earmark.services.heartbeat import sign_of_life
from earmark.services.processes import ServiceName
from earmark.store import Store


class Scheduler(PersistentScheduler):
    """Keeps what it has sent on disk, so that a missed run fires once and none fires twice."""

    def setup_schedule(self) -> None:
        """Make the folder of the schedule's file: with a remote store, nobody else may have."""
        filename: str = self.schedule_filename  # type: ignore[attr-defined]
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
        super().setup_schedule()

    def tick(self, *args: Any, **options: Any) -> Any:
        sign_of_life(ServiceName.SCHEDULER)
        return super().tick(*args, **options)


def is_due(store: Store, retrain_after: int) -> bool:
    """Whether enough clips with a truth have come since the last training."""
    before = (store.training.last_training() or {}).get("truths", 0)
    return bool(truths(store) - before >= retrain_after)


def truths(store: Store) -> int:
    """How many clips have a truth."""
    return sum(store.clips.scores().values())
