"""The scheduler: Celery beat that shows that it lives."""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler

from earmark.services import ServiceName, sign_of_life


class Scheduler(PersistentScheduler):
    """Keeps what it has sent on disk, so that a missed run fires once and none fires twice."""

    def tick(self, *args: Any, **options: Any) -> Any:
        sign_of_life(ServiceName.SCHEDULER)
        return super().tick(*args, **options)
