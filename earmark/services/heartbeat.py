"""How a service shows that it lives, and who lives."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache

from earmark.errors import NotRunning, StoreError
from earmark.services.processes import NEEDED, ServiceName, identity
from earmark.settings import Settings
from earmark.store import Store


def sign_of_life(name: ServiceName) -> None:
    """Tell the store that this process lives; a store that is away is no reason to stop."""
    try:
        _store().heartbeats.sign_of_life(_identity(name), time.time())
    except (StoreError, NotRunning):
        return


def sign_off(name: ServiceName) -> None:
    """Tell the store that this process ends on purpose."""
    try:
        _store().heartbeats.sign_off(_identity(name))
    except (StoreError, NotRunning):
        return


@cache
def _store() -> Store:
    return Store.at(Settings.load().store_url)


def _identity(name: ServiceName) -> str:
    return identity(name, os.getpid())


def service_counts(
    alive: Mapping[str, float], needed: Collection[ServiceName] = NEEDED
) -> dict[str, int]:
    """How many of each service are alive; 0 for one that is needed and missing."""
    counted = Counter(name.partition("@")[0] for name in alive)
    return {
        name.value: counted[name.value] for name in ServiceName if name in needed or counted[name]
    }
