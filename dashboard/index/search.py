"""Looking for clips, newest first, for a twentieth of a second and hardly longer.

Of the indexes that lead to the clips that fit, the shortest is walked, a stretch at a time, until
the page is full. When time is up before it is, the page is short, and has a mark to go on from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.index.query import Page, Query, Walk, mark

SECONDS = 0.05
STRETCH = 5_000
"""Clips that are looked at before the clock is; some ten milliseconds."""
_ORDER = "order by done_at desc, id desc"

Read = Callable[[str, Sequence[Any]], list[Any]]
"""Runs one line of SQL."""


def search(
    read: Read, query: Query, *, after: str | None, limit: int, clock: Callable[[], float]
) -> Page:
    """One page of the rows that fit.

    Parameters
    ----------
    after
        The mark of the page before.
    clock
        Seconds since any moment.
    """
    way = _shortest(read, query.ways())
    until = clock() + SECONDS
    found: list[Any] = []
    while True:
        end = _end(read, way, query, after)
        found += _stretch(read, way, query, (after, end), limit + 1 - len(found))
        if len(found) > limit:
            return Page(found[:limit], mark(found[limit - 1]))
        if end is None:
            return Page(found, None)
        after = mark(end)
        if clock() >= until:
            return Page(found, after)


def _shortest(read: Read, ways: Sequence[tuple[Walk, ...]]) -> tuple[Walk, ...]:
    if len(ways) == 1:
        return ways[0]
    return min(ways, key=lambda way: sum(_length(read, walk) for walk in way))


def _length(read: Read, walk: Walk) -> int:
    """How many clips a walk leads past, counted up to a stretch."""
    some = f"select 1 from clips indexed by {walk.index} where {walk.words} limit {STRETCH}"
    return int(read(f"select count(*) from ({some})", walk.values)[0][0])


def _end(read: Read, way: tuple[Walk, ...], query: Query, after: str | None) -> Any:
    """Where the next stretch ends; None when it leads to the end."""
    span, values = query.span(after)
    ends = []
    for walk in way:
        words = f"from clips indexed by {walk.index} where {walk.words} and {span}"
        ends += read(
            f"select done_at, id {words} {_ORDER} limit 1 offset {STRETCH}",
            (*walk.values, *values),
        )
    return max(ends, key=_place, default=None)


def _stretch(
    read: Read, way: tuple[Walk, ...], query: Query, bounds: tuple[str | None, Any], limit: int
) -> list[Any]:
    after, end = bounds
    (span, when), (condition, what) = query.span(after), query.condition()
    values = [*when, *what]
    words = f"{span} and {condition}"
    if end is not None:
        words += " and (done_at, id) >= (?, ?)"
        values += _place(end)
    found = [
        row
        for walk in way
        for row in read(
            f"select * from clips indexed by {walk.index} where {walk.words} and {words} "
            f"{_ORDER} limit ?",
            (*walk.values, *values, limit),
        )
    ]
    return sorted(found, key=_place, reverse=True)[:limit]


def _place(row: Any) -> tuple[float, int]:
    return row["done_at"], row["id"]
