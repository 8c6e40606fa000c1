"""Rows of a benchmark, and how they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_COLUMNS = ("what", "ours", "peer", "ratio", "limit", "share")


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

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer."""
        return None if self.peer is None else self._better(self.peer)

    @property
    def share(self) -> float | None:
        """Part of the limit that is reached, 1 at best."""
        return None if self.limit is None else self._better(self.limit)

    def _better(self, other: float) -> float:
        return self.ours / other if self.more_is_better else other / self.ours


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
    )


def _quantity(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.{0 if value >= 100 else 1}f} {unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((first, *rest)).rstrip()
