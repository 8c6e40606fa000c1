"""How many files of the inbox are no clips, by what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from earmark.store import keys
from earmark.store.connection import Connection


class PassedOver:
    """What the producer's last walk through the inbox passed over."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come

    def tell(self, counts: Mapping[str, int]) -> None:
        """Replace what was told before."""
        self._redis.set(keys.PASSED_OVER, json.dumps(counts))

    def counts(self) -> dict[str, int]:
        """Kind to number of files; empty when there are none, or no walk has ended yet."""
        told = self._redis.get(keys.PASSED_OVER)
        return dict(json.loads(told)) if told else {}
