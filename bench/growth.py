"""Whether a clip costs more when the store holds more, and how many bytes it takes there.

The records are synthetic, and each has a vector of its own. Run as
`python -m bench.growth [--quick]`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from bench.parts import Setting, run_alone
from bench.rig import rig
from bench.table import Part, Row
from earmark.clips import Record, Revision, Score, State
from earmark.datasets.table import from_store
from earmark.frontends import FRONT_ENDS
from earmark.messaging.messages import BATCH_CLIPS
from earmark.store import Store, keys
from earmark.store.ledger import Claim, Settlement
from earmark.store.vectors import table

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SIZES_QUICK = (1_000, 10_000)
LOADED_SIZES = (10_000, 100_000)
BYTES_A_CLIP = 1_200
ROUNDS = 12
QUIET_SECONDS = 60.0
_FRONT_END = FRONT_ENDS["mfcc-mean"]
_CHUNK = 2_000
_LEASE = 1e12


@dataclass(frozen=True)
class Cost:
    """Of one clip on its way through the ledger: noted, accepted, claimed, settled."""

    microseconds: float
    """Processor time of the server and of the client."""
    bytes: float
    """Memory of the server for each clip in it, with what its event takes in the stream."""


def part(setting: Setting) -> Part:
    """All rows of growth."""
    sizes = SIZES_QUICK if setting.quick else SIZES
    costs: dict[int, Cost] = {}
    rows: list[Row] = []
    with rig(setting.models, 1) as home:
        empty = _used_bytes(home.store)
        for size in sizes:
            _grow(home.store, len_before := _count(home.store), size - len_before)
            if size in LOADED_SIZES:
                rows.append(_loading(home.store, size))
            costs[size] = _cost(home.store, first=size, empty=empty)
    first = costs[sizes[0]].microseconds
    ledger = [
        Row(
            what=f"ledger and vectors, {size:,} clips there (peer: {sizes[0]:,} there)",
            unit="us",
            ours=cost.microseconds,
            peer=first,
        )
        for size, cost in costs.items()
    ]
    memory = Row(
        what=f"memory a clip, {sizes[-1]:,} clips there",
        unit="bytes",
        ours=costs[sizes[-1]].bytes,
        goal=BYTES_A_CLIP,
    )
    return Part([*ledger, memory, *rows])


def records(first: int, count: int) -> Iterator[Record]:
    """Labelled clips as they stand in the store, each with a name and a digest of its own."""
    for number in range(first, first + count):
        digit, speaker = number % 10, number % 97
        yield Record(
            path=f"{number // 3_000}/{digit}_speaker{speaker}_{number}.wav",
            revision=Revision(7_000 + number % 999, 1_763_870_000_000_000_000 + number),
            state=State.LABELLED,
            digest=blake2b(number.to_bytes(8, "little"), digest_size=16).hexdigest(),
            seconds=0.4321,
            rate=8_000,
            label=digit,
            confidence=0.9876,
            top=((digit, 0.9876), ((digit + 1) % 10, 0.0101), ((digit + 2) % 10, 0.0023)),
            model="20261123-044427-1f7c",
            truth=digit,
            speaker=f"speaker{speaker}",
            truth_by="name",
            blind=True,
            noted_at=1_763_870_000.123456,
            done_at=1_763_870_000.654321,
        )


def fill(store: Store, clips: Sequence[Record]) -> None:
    """Put finished records and their vectors into the store, without going through the ledger."""
    random = np.random.default_rng(len(clips))
    vectors = random.standard_normal((len(clips), _FRONT_END.dimensions)).astype(np.float32)
    pipeline: Any = store.connection.pipeline(transaction=False)
    paths = [clip.path for clip in clips]
    digests = [bytes.fromhex(clip.digest or "") for clip in clips]
    pipeline.hset(keys.CLIPS, items=_pairs(paths, [clip.encode() for clip in clips]))
    pipeline.hset(table(_FRONT_END), items=_pairs(digests, [row.tobytes() for row in vectors]))
    pipeline.sadd(keys.state(State.LABELLED), *paths)
    pipeline.sadd(keys.score(Score.RIGHT), *paths)
    pipeline.execute()


def _pairs(names: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    return [each for pair in zip(names, values, strict=True) for each in pair]


def _grow(store: Store, first: int, count: int) -> None:
    for start in range(first, first + count, _CHUNK):
        fill(store, list(records(start, min(_CHUNK, first + count - start))))


def _count(store: Store) -> int:
    return int(store.connection.hlen(keys.CLIPS))


def _cost(store: Store, first: int, empty: int) -> Cost:
    """The cheapest of some batches that go through the ledger; they are taken out again."""
    _wait_for_quiet(store)
    _let_tables_grow(store, first)
    used = _used_bytes(store) - empty
    cheapest = float("inf")
    for turn in range(ROUNDS):
        # Numbers that no other size has used: what was forgotten once is not noted again.
        seconds = _come_and_go(store, 10**8 + 100 * first + turn * BATCH_CLIPS)
        cheapest = min(cheapest, seconds)
    return Cost(cheapest / BATCH_CLIPS * 1e6, used / first + _event_bytes(store))


def _used_bytes(store: Store) -> int:
    return int(store.connection.info("memory")["used_memory"])


def _come_and_go(store: Store, first: int) -> float:
    """Processor seconds of a batch that goes through the ledger, and is taken out again."""
    batch = list(records(first, BATCH_CLIPS))
    began = _seconds(store)
    go_through(store, batch)
    used = _seconds(store) - began
    store.clips.forget([(clip.path, clip.revision) for clip in batch])
    return used


def _event_bytes(store: Store) -> float:
    stream: Any = store.connection
    told = int(stream.memory_usage(keys.EVENTS, samples=0))
    return told / (int(stream.xlen(keys.EVENTS)) * BATCH_CLIPS)


def _wait_for_quiet(store: Store) -> None:
    """Wait until the server has rewritten its log, which is not what is measured."""
    deadline = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < deadline:
        told = store.connection.info("persistence")
        if not told["aof_rewrite_in_progress"] and not told["aof_rewrite_scheduled"]:
            return
        time.sleep(0.1)


def _let_tables_grow(store: Store, size: int) -> None:
    """Look clips up until the server has moved all into tables of the new size.

    It begins with the next new clip, and moves a few at each look-up, once for each doubling:
    that belongs to the filling.
    """
    _come_and_go(store, 10**9 + size)
    sets: Any = store.connection
    for start in range(0, size, _CHUNK):
        clips = list(records(start, min(_CHUNK, size - start)))
        paths = [clip.path for clip in clips]
        store.clips.heads(paths)
        store.vectors.get(_FRONT_END, [clip.digest or "" for clip in clips])
        sets.smismember(keys.state(State.LABELLED), paths)
        sets.smismember(keys.score(Score.RIGHT), paths)


def go_through(store: Store, done: Sequence[Record]) -> None:
    """Note, accept, claim and settle clips, given as they are to stand there in the end."""
    clips = [(clip.path, clip.revision) for clip in done]
    vector = np.zeros(_FRONT_END.dimensions, np.float32)
    store.clips.note([clip.but(state=State.PENDING) for clip in done], _LEASE)
    store.clips.accept(clips, _LEASE)
    claims: list[Claim | None] = store.clips.claim(clips, _LEASE)
    settlements = [
        Settlement(clip, b"", vector) for clip, claim in zip(done, claims, strict=True) if claim
    ]
    store.clips.settle(settlements, table(_FRONT_END), "bench")


def _seconds(store: Store) -> float:
    server = store.connection.info("cpu")
    return float(server["used_cpu_user"] + server["used_cpu_sys"]) + time.process_time()


def _loading(store: Store, size: int) -> Row:
    began = time.perf_counter()
    found = from_store(store, _FRONT_END)
    seconds = time.perf_counter() - began
    if len(found.table) != size:
        raise RuntimeError(f"{len(found.table)} of {size} clips were loaded")
    return Row(what=f"the trainer loads its data set of {size:,} clips", unit="s", ours=seconds)


if __name__ == "__main__":
    run_alone(part, __doc__)
