"""The scheduler: Celery beat that shows that it lives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler

from earmark.services.heartbeat import sign_of_life
from earmark.services.processes import ServiceName


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
