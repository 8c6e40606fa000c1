"""The promise: every wav in the inbox has exactly one current record, and every count is true."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from earmark.clips import Record, Revision, Score, State
from earmark.frontends import FRONT_ENDS
from earmark.store import Store, keys
from earmark.store.ledger import Head
from producer.inbox import Inbox
from tests.household import Household, wait_until


@dataclass(frozen=True, slots=True)
class Balance:
    """What a comparison of folder and store has found."""

    clips: int
    """Files in the folder."""
    lost: tuple[str, ...]
    """Files without a current record that is done."""
    doubled: tuple[str, ...]
    """Clips that were settled more than once."""
    untrue: tuple[str, ...]
    """Counts, sets and leases that are not what the records say."""

    @property
    def kept(self) -> bool:
        return not (self.lost or self.doubled or self.untrue)


def wait_until_kept(house: Household, store: Store, *, seconds: float = 60) -> Balance:
    """Wait until nothing is under way any more, and hold the promise against what is there."""
    wait_until(
        lambda: not _unsettled(house, store),
        lambda: f"all is done, but {_unsettled(house, store)[:5]}, {store.clips.counts()}",
        seconds=seconds,
    )
    found = balance(house, store)
    assert found.kept, found
    return found


def balance(house: Household, store: Store) -> Balance:
    """Compare folder and store, when nothing is under way."""
    records = {record.path: record for record in store.clips.all_records()}
    return Balance(
        clips=len(files(house)),
        lost=lost(house, store),
        doubled=doubled(store),
        untrue=(*_untrue_sets(store, records), *_incomplete(house, store, records), *_held(store)),
    )


def _unsettled(house: Household, store: Store) -> list[str]:
    """What is still under way; cheap enough to be asked again and again."""
    missing = lost(house, store)
    if missing or store.clips.unfinished():
        return [*missing, *store.clips.due(float("inf"), 5)]
    return _misplaced(files(house), dict(store.clips.all_heads()))


def files(house: Household) -> dict[str, Revision]:
    """All clips in the inbox with their revisions."""
    return dict(Inbox(house.inbox.resolve()).walk())


def lost(house: Household, store: Store) -> tuple[str, ...]:
    there = files(house)
    heads = store.clips.heads(list(there))
    return tuple(
        path
        for (path, revision), head in zip(there.items(), heads, strict=True)
        if head is None or head[1] != revision or not head[0].done or head[2]
    )


def doubled(store: Store) -> tuple[str, ...]:
    """Clips that were settled twice, except for those that a test rewrites, touches or retries."""
    told = Counter(
        clip["path"]
        for event in store.events.events("0", 0.001)
        if event.kind == "clips"
        for clip in event.fields["clips"]
    )
    return tuple(path for path, count in told.items() if count > 1 and not path.startswith("again"))


def _untrue_sets(store: Store, records: dict[str, Record]) -> list[str]:
    untrue = []
    for state in State:
        expected = {path for path, record in records.items() if record.state is state}
        if set(store.clips.in_state(state)) != expected or store.clips.counts()[state] != len(
            expected
        ):
            untrue.append(f"the set of {state} clips")
    for score in (Score.RIGHT, Score.WRONG, Score.UNSCORED):
        expected = {path for path, record in records.items() if record.score is score}
        members: Any = store.connection.smembers(keys.score(score))
        if {path.decode() for path in members} != expected:
            untrue.append(f"the set of clips that are {score}")
    return untrue


def _incomplete(house: Household, store: Store, records: dict[str, Record]) -> list[str]:
    wrong = _misplaced(files(house), dict(store.clips.all_heads()))
    for path, record in records.items():
        if record.state is State.FAILED and not record.reason:
            wrong.append(f"{path} failed without a reason")
        if record.state in (State.LABELLED, State.UNSURE) and not _has_vector(store, record):
            wrong.append(f"{path} has a label and no vector")
    return wrong


def _misplaced(present: dict[str, Revision], heads: dict[str, Head]) -> list[str]:
    return [
        f"{path} is marked as {'gone' if gone else 'here'}"
        for path, (_, _, gone) in heads.items()
        if gone == (path in present)
    ]


def _has_vector(store: Store, record: Record) -> bool:
    [vector] = store.vectors.get(FRONT_ENDS["mfcc-mean"], [record.digest or ""])
    return vector is not None


def _held(store: Store) -> list[str]:
    held: Any = store.connection.hkeys(keys.STRIKES)
    leased: Any = store.connection.zrange(keys.LEASES, 0, -1)
    return [f"{path.decode()} is still held" for path in {*held, *leased}]
