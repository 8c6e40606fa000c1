"""The feature vectors, one table per front end, keyed by the digest of the clip's bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import FrontEndMismatch
from earmark.frontends import FrontEnd
from earmark.store import keys
from earmark.store.connection import Connection
from earmark.wording import counted

BYTES_PER_VALUE = 4
_CHUNK = 1_000


class Vectors:
    """Vectors of all front ends; copies of a clip share one."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come

    def get(self, front_end: FrontEnd, digests: Sequence[str]) -> list[NDArray[np.float32] | None]:
        """The vectors of clips, float32 of shape (dimensions,), None where there is none.

        Raises
        ------
        FrontEndMismatch
            When a stored vector has another length than the front end's.
        """
        if not digests:
            return []
        found = self._redis.hmget(table(front_end), [bytes.fromhex(each) for each in digests])
        return [None if value is None else _vector(value, front_end) for value in found]

    def put(self, front_end: FrontEnd, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Store vectors, float32 of shape (dimensions,), by digest."""
        mapping = {
            bytes.fromhex(digest): vector.astype("<f4", copy=False).tobytes()
            for digest, vector in vectors.items()
        }
        if mapping:
            self._redis.hset(table(front_end), mapping=mapping)

    def tables(self) -> list[str]:
        """`<front end>:<fingerprint>` of all that has vectors, known to this program or not."""
        found = self._redis.scan_iter(match=f"{keys.VECTORS}*", count=_CHUNK)
        return sorted(key.decode().removeprefix(keys.VECTORS) for key in found)

    def rows(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Digest and vector of each row of a table, as bytes, in no order; one may come twice."""
        yield from self._redis.hscan_iter(keys.VECTORS + table, count=_CHUNK)

    def restore(self, table: str, rows: Mapping[bytes, bytes]) -> int:
        """Put rows of a backup back, where there are none; answers how many."""
        pipeline = self._redis.pipeline(transaction=False)
        for digest, vector in rows.items():
            pipeline.hsetnx(keys.VECTORS + table, digest, vector)
        return sum(map(int, pipeline.execute()))

    def drop(self, digests: Sequence[str]) -> int:
        """Drop the vectors of all front ends; answers how many there were."""
        fields = [bytes.fromhex(digest) for digest in digests]
        if not fields:
            return 0
        return sum(int(self._redis.hdel(keys.VECTORS + name, *fields)) for name in self.tables())

    def count(self, front_end: FrontEnd) -> int:
        return int(self._redis.hlen(table(front_end)))


def table(front_end: FrontEnd) -> str:
    """The key of a front end's table."""
    return keys.vectors(front_end.name, front_end.fingerprint)


def _vector(value: bytes, front_end: FrontEnd) -> NDArray[np.float32]:
    if len(value) != front_end.dimensions * BYTES_PER_VALUE:
        raise FrontEndMismatch(
            f"a stored vector has {counted(len(value), 'byte')}, and one of {front_end.name} has "
            f"{front_end.dimensions * BYTES_PER_VALUE}"
        )
    return np.frombuffer(value, "<f4")
