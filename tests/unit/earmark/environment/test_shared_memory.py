"""Without semaphores no process pool starts, and the cause is named."""

from __future__ import annotations

import errno
import os

import pytest

from earmark.environment.shared_memory import require_semaphores
from earmark.errors import ServiceError


def test_where_semaphores_can_be_made_nothing_is_said() -> None:
    require_semaphores()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOENT, errno.ENOSPC])
def test_where_none_can_be_made_cause_and_remedy_are_told(number: int) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(ServiceError, match=r"/dev/shm cannot be written .*mount a tmpfs") as caught:
        require_semaphores(fail)

    assert os.strerror(number) in str(caught.value)
