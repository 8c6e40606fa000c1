"""The ledger of all clips: what is noted, queued, claimed and settled.

The ledger is the truth and the broker only delivers: a clip is noted before its message is
published, and settled in the same step that stores its vector and its label. Every step is one
script in the store, is atomic, and may be repeated without harm.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from earmark.clips import Record, Revision, Score, State, head_of
from earmark.store import keys
from earmark.store.connection import Connection
from earmark.store.events import EVENTS_KEPT
from earmark.truth import Told, Truth

_CHUNK = 1_000
_NEVER = 1e12
"""Later than any clock tells."""

Head = tuple[State, Revision, bool]
"""State, revision and whether the file is gone."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A clip in a worker's hands."""

    record: Record
    suspect: bool
    """Whether it was claimed before without an outcome: it may have killed its worker."""
    correction: bytes
    """The newest correction as it is stored; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a claimed clip."""

    record: Record
    correction: bytes = b""
    vector: NDArray[np.float32] | None = None


class Ledger:
    """The clips in the store."""

    def __init__(self, connection: Connection) -> None:
        self._redis: Any = connection  # its annotations allow text where bytes come
        self._scripts = {
            name: connection.register_script(_source(name))
            for name in ("note", "accept", "claim", "renew", "settle", "swap", "forget", "restore")
        }

    def note(self, records: Sequence[Record], lease_until: float) -> list[str]:
        """Write down pending clips; answers the paths whose revision was new."""
        arguments = _flat((record.path, record.encode()) for record in records)
        noted = self._run("note", lease_until, *arguments)
        return [path.decode() for path in noted]

    def accept(self, clips: Iterable[tuple[str, Revision]], lease_until: float) -> None:
        """The broker has the message: pending clips are queued now."""
        self._run("accept", lease_until, *_flat((path, str(rev)) for path, rev in clips))

    def claim(
        self,
        clips: Sequence[tuple[str, Revision]],
        lease_until: float,
        *,
        now: float = math.inf,
        message: str = "",
    ) -> list[Claim | None]:
        """Take clips in hand; None for each that is done, rewritten, unknown or held by another.

        Parameters
        ----------
        now
            Seconds since the epoch; a lease of another message that ends later is respected.
        message
            Which message brought the clips; the same one may take them again.
        """
        pairs = _flat((path, str(rev)) for path, rev in clips)
        answers = self._run("claim", lease_until, min(now, _NEVER), message, *pairs)
        return [
            None if answer is None else _claim(path, answer)
            for (path, _), answer in zip(clips, answers, strict=True)
        ]

    def strike(self, path: str, lease_until: float) -> int:
        """Count that a suspect clip is about to be opened again; answers the count."""
        return int(self._run("renew", lease_until, 1, path)[0])

    def renew(self, paths: Sequence[str], lease_until: float) -> None:
        """Tell that claimed clips are still in hand; those that are done are left alone."""
        self._run("renew", lease_until, 0, *paths)

    def settle(
        self, settlements: Sequence[Settlement], vectors_table: str, worker: str
    ) -> dict[str, bytes]:
        """Store vectors, records and labels of a batch in one step.

        Returns
        -------
        Paths and corrections of the clips that were corrected since they were claimed: score
        and settle them again.
        """
        arguments = _flat(map(_settlement_arguments, settlements))
        changed = self._run("settle", EVENTS_KEPT, worker, *arguments, extra_keys=(vectors_table,))
        return {path.decode(): newest for path, newest in zip(*[iter(changed)] * 2, strict=True)}

    def swap(self, changes: Sequence[tuple[Record, Record]]) -> list[str]:
        """Replace records that are still what was read; answers the paths replaced."""
        arguments = _flat((old.path, old.encode(), new.encode()) for old, new in changes)
        return [path.decode() for path in self._run("swap", *arguments)]

    def heads(self, paths: Sequence[str]) -> list[Head | None]:
        values = self._redis.hmget(keys.CLIPS, list(paths)) if paths else []
        return [head_of(value) if value else None for value in values]

    def records(self, paths: Sequence[str]) -> list[Record | None]:
        values = self._redis.hmget(keys.CLIPS, list(paths)) if paths else []
        return [
            Record.decode(path, value) if value else None
            for path, value in zip(paths, values, strict=True)
        ]

    def all_records(self) -> Iterator[Record]:
        """Every record, in no order; a clip noted meanwhile may be missing or come twice."""
        for path, value in self._scan():
            yield Record.decode(path, value)

    def all_heads(self) -> Iterator[tuple[str, Head]]:
        for path, value in self._scan():
            yield path, head_of(value)

    def in_state(self, state: State) -> Iterator[str]:
        """The paths of all clips in a state, in no order."""
        for path in self._redis.sscan_iter(keys.state(state), count=_CHUNK):
            yield path.decode()

    def counts(self) -> dict[State, int]:
        pipeline = self._redis.pipeline(transaction=True)
        for state in State:
            pipeline.scard(keys.state(state))
        return dict(zip(State, pipeline.execute(), strict=True))

    def scores(self) -> dict[Score, int]:
        """How many clips with a truth were heard right, wrong, or cannot be counted."""
        pipeline = self._redis.pipeline(transaction=True)
        for score in keys.SCORED:
            pipeline.scard(keys.score(score))
        return dict(zip(keys.SCORED, pipeline.execute(), strict=True))

    def unfinished(self) -> int:
        """How many clips are pending or queued."""
        return int(self._redis.zcard(keys.LEASES))

    def due(self, now: float, limit: int) -> list[str]:
        """Unfinished clips whose lease has run out, the longest overdue first."""
        found = self._redis.zrange(keys.LEASES, "-inf", now, byscore=True, offset=0, num=limit)
        return [path.decode() for path in found]

    def lease(self, paths: Iterable[str], until: float) -> None:
        """Give unfinished clips more time."""
        self._redis.zadd(keys.LEASES, dict.fromkeys(paths, until), xx=True)

    def corrections(self, paths: Sequence[str]) -> list[Told | None]:
        values = self._redis.hmget(keys.LABELS, list(paths)) if paths else []
        return [told_by_correction(value) for value in values]

    def correct(self, path: str, told: Told) -> None:
        """Keep a correction for all revisions of a path."""
        self.correct_all({path: told})

    def correct_all(self, told: dict[str, Told]) -> None:
        mapping = {path: json.dumps([t.digit, t.speaker, t.by]) for path, t in told.items()}
        if mapping:
            self._redis.hset(keys.LABELS, mapping=mapping)

    def all_corrections(self) -> Iterator[tuple[str, Told]]:
        for path, value in self._redis.hscan_iter(keys.LABELS, count=_CHUNK):
            yield path.decode(), Told(*json.loads(value))

    def restore(self, records: Sequence[Record]) -> list[str]:
        """Put records of a backup back, where none newer stands; answers the paths put back."""
        arguments = _flat((record.path, record.encode()) for record in records)
        return [path.decode() for path in self._run("restore", *arguments)]

    def forget(self, clips: Iterable[tuple[str, Revision]]) -> int:
        """Drop all that is known of clips, and never note these revisions again.

        Returns
        -------
        How many had a record.
        """
        return int(self._run("forget", *_flat((path, str(rev)) for path, rev in clips)))

    def forgotten(self, paths: Sequence[str]) -> list[Revision | None]:
        """The revision of each path that stays forgotten; None where there is none."""
        if not paths or not self._redis.exists(keys.FORGOTTEN):
            return [None] * len(paths)
        values = self._redis.hmget(keys.FORGOTTEN, list(paths))
        return [Revision.parse(value.decode()) if value else None for value in values]

    def keep_forgotten(self, clips: Mapping[str, Revision]) -> None:
        """As told in an earlier life of the store: these revisions are not noted."""
        if clips:
            self._redis.hset(keys.FORGOTTEN, mapping={p: str(rev) for p, rev in clips.items()})

    def _scan(self) -> Iterator[tuple[str, bytes]]:
        for path, value in self._redis.hscan_iter(keys.CLIPS, count=_CHUNK):
            yield path.decode(), value

    def _run(self, name: str, *arguments: Any, extra_keys: tuple[str, ...] = ()) -> Any:
        return self._scripts[name](keys=[*keys.LEDGER, *extra_keys], args=arguments)


def told_by_correction(value: bytes | None) -> Told | None:
    """Read a stored correction; None where there is none."""
    return Told(*json.loads(value)) if value else None


def _claim(path: str, answer: bytes | list[Any]) -> Claim:
    if isinstance(answer, bytes):
        return Claim(Record.decode(path, answer), suspect=False, correction=b"")
    record, suspect, correction = answer
    return Claim(Record.decode(path, record), bool(suspect), correction)


def _settlement_arguments(settlement: Settlement) -> tuple[Any, ...]:
    record, vector = settlement.record, settlement.vector
    return (
        record.path,
        record.encode(),
        bytes.fromhex(record.digest) if record.digest else b"",
        b"" if vector is None else vector.astype("<f4", copy=False).tobytes(),
        settlement.correction,
        _as_json(msgspec.convert(record, _Event, from_attributes=True)),
    )


class _Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What listeners are told of a settled clip."""

    path: str
    state: State
    label: int | None = None
    confidence: float | None = None
    model: str | None = None
    truth: Truth | None = None
    reason: str | None = None
    done_at: float | None = None


_as_json = msgspec.json.Encoder().encode


def _flat(tuples: Iterable[tuple[Any, ...]]) -> list[Any]:
    return [value for each in tuples for value in each]


@cache
def _source(name: str) -> str:
    scripts = files("earmark.store").joinpath("scripts")
    return "\n".join(scripts.joinpath(f"{part}.lua").read_text() for part in ("prelude", name))
