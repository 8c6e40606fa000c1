"""How a Celery worker, of clips or of trainings, shows that it lives, and how it ends."""

from __future__ import annotations

import sys
from typing import Any

from celery.signals import (
    heartbeat_sent,
    worker_init,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)

from earmark.environment.shared_memory import require_semaphores
from earmark.errors import ServiceError
from earmark.services.heartbeat import sign_of_life, sign_off
from earmark.services.processes import (
    LAST_SECONDS,
    ServiceName,
    end_at_once_with_parent,
    end_within,
)


def show_life(service: ServiceName) -> None:
    """Let this Celery worker tell that it lives, and let neither it nor its children linger.

    What else is connected to `worker_ready` before is done before the first sign.
    """

    def beat(**_: Any) -> None:
        sign_of_life(service)

    def leave(**_: Any) -> None:
        end_within(LAST_SECONDS)
        heartbeat_sent.disconnect(beat)  # one on the way out would tell that this process lives
        sign_off(service)

    def tie_to_parent(**_: Any) -> None:
        end_at_once_with_parent()

    def insist(**_: Any) -> None:
        try:
            require_semaphores()
        except ServiceError as error:
            sys.exit(f"earmark: {error}")

    worker_init.connect(insist, weak=False)
    worker_ready.connect(beat, weak=False)
    heartbeat_sent.connect(beat, weak=False)
    worker_shutting_down.connect(leave, weak=False)
    worker_process_init.connect(tie_to_parent, weak=False)
