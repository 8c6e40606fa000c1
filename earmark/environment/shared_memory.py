"""Whether processes can work together: their locks are semaphores, on Linux in /dev/shm."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

from earmark.errors import ServiceError


def require_semaphores(make: Callable[[], object] = multiprocessing.Semaphore) -> None:
    """Make one and let it go again.

    Raises
    ------
    ServiceError
        When none can be made; names the cause and the remedy.
    """
    try:
        make()
    except OSError as error:
        raise ServiceError(
            f"processes cannot work together: /dev/shm cannot be written ({error.strerror}); "
            "mount a tmpfs there that this user may write to "
            "(Docker: --tmpfs /dev/shm; Kubernetes: an emptyDir of medium Memory)"
        ) from error
