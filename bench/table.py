"""Rows of a benchmark, and how they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_COLUMNS = ("what", "ours", "peer", "ratio", "limit", "share", "goal")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison."""

    what: str
    unit: str
    """Of `ours`, `peer` and `limit`: `us`, `clips/s`, `MB` ..."""
    ours: float
    peer: float | None = None
    """What a person would otherwise use."""
    limit: float | None = None
    """What physics, or the parts alone that cannot be left out, allow."""
    more_is_better: bool = False
    least_ratio: float | None = None
    """The goal: how many times better than the peer."""
    least_share: float | None = None
    """The goal: part of the limit."""
    goal: float | None = None
    """The goal: a bound of `ours`, in its unit."""

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer."""
        return None if self.peer is None else self._better(self.peer)

    @property
    def share(self) -> float | None:
        """Part of the limit that is reached, 1 at best."""
        return None if self.limit is None else self._better(self.limit)

    @property
    def goals(self) -> str:
        """What was to be reached, and whether it was."""
        return ", ".join(f"{text} {'yes' if met else 'NO'}" for text, met in self._goals())

    def _goals(self) -> list[tuple[str, bool]]:
        goals = []
        if self.least_ratio is not None:
            goals.append((f"{self.least_ratio:g}x", (self.ratio or 0) >= self.least_ratio))
        if self.least_share is not None:
            goals.append((f"{self.least_share:.0%}", (self.share or 0) >= self.least_share))
        if self.goal is not None:
            met = self.ours >= self.goal if self.more_is_better else self.ours <= self.goal
            goals.append((_quantity(self.goal, self.unit), met))
        return goals

    def _better(self, other: float) -> float:
        return self.ours / other if self.more_is_better else other / self.ours


@dataclass(frozen=True)
class Part:
    """What one part of the benchmarks found."""

    rows: Sequence[Row]
    notes: Sequence[str] = ()
    """Measured beside it: what the rows do not hold."""


def table(rows: Sequence[Row]) -> str:
    """Lay rows out in columns, numbers to the right."""
    cells = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_COLUMNS))]
    return "\n".join(_line(line, widths) for line in cells)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _quantity(row.ours, row.unit),
        _quantity(row.peer, row.unit),
        "" if row.ratio is None else f"{row.ratio:.1f}x",
        _quantity(row.limit, row.unit),
        "" if row.share is None else f"{row.share:.0%}",
        row.goals,
    )


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    places = 0 if value >= 100 else 1 if value >= 2 else 2
    return f"{value:,.{places}f} {unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((first, *rest)).rstrip()
