"""The version of the tables in the store: refused when it is newer, brought up when it is older.

A change of the tables raises `VERSION` and adds a step, which turns the version before it into
the new one. Steps may be repeated without harm: one that was cut off is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from earmark.errors import StoreRefused
from earmark.store import keys
from earmark.store.connection import Connection

VERSION = 1
LOCK_SECONDS = 600
"""How long one step may take before another process tries it."""

Step = Callable[[Connection], None]

STEPS: Mapping[int, Step] = {}
"""By the version that it starts from: what makes the next version of it."""


def bring_up_to_date(
    connection: Connection, version: int = VERSION, steps: Mapping[int, Step] = STEPS
) -> None:
    """See to it that the store's tables are of this program's version.

    A store that tells no version is new, or was wiped under running services: it is of this one.

    Raises
    ------
    StoreRefused
        When a newer Earmark has written the store, or no step leads from its version.
    """
    found = _told(connection, version)
    if found > version:
        raise StoreRefused(
            f"the store at {connection.address} is of schema {found}, and this Earmark knows "
            f"{version}: it was written by a newer version; install that one here, too"
        )
    if found < version:
        redis: Any = connection  # its annotations allow text where bytes come
        with redis.lock(keys.SCHEMA_LOCK, timeout=LOCK_SECONDS):
            _climb(connection, version, steps)


def _climb(connection: Connection, version: int, steps: Mapping[int, Step]) -> None:
    # Read anew under the lock: another process may have done it meanwhile.
    for start in range(_told(connection, version), version):
        step = steps.get(start)
        if step is None:
            raise StoreRefused(
                f"the store at {connection.address} is of schema {start}, and no step leads from "
                f"there to {version}: wipe it, and it is rebuilt from inbox, labels and models"
            )
        step(connection)
        connection.set(keys.SCHEMA, start + 1)


def _told(connection: Connection, version: int) -> int:
    redis: Any = connection
    value = redis.get(keys.SCHEMA)
    if value is None:
        redis.set(keys.SCHEMA, version, nx=True)
        value = redis.get(keys.SCHEMA)
    return int(value)
