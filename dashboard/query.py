"""What a person looks for among the clips, as words of SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some clips, and where the next ones begin."""

    rows: list[dict[str, Any]]
    after: str | None
    """The mark to ask for the next page with; None on the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which clips; None wants any. Newest first, so that a page is a short walk of an index."""

    search: str | None = None
    """Part of the path."""
    states: tuple[str, ...] = ()
    label: int | None = None
    truth: str | None = None
    """A digit, `none`, or `any`: there is a truth."""
    score: str | None = None
    """`right` or `wrong`."""
    speaker: str | None = None
    model: str | None = None
    at_least: float | None = None
    """Confidence."""
    at_most: float | None = None
    since: float | None = None
    """Seconds since the epoch."""
    until: float | None = None

    order = "done_at desc, id desc"

    def condition(self, after: str | None) -> tuple[str, list[Any]]:
        """The words after `where`, and their values."""
        parts: list[tuple[str, list[Any]]] = [
            ("label = ?", _given(self.label)),
            ("score = ?", _given(self.score)),
            ("speaker = ?", _given(self.speaker)),
            ("model = ?", _given(self.model)),
            ("confidence >= ?", _given(self.at_least)),
            ("confidence <= ?", _given(self.at_most)),
            ("done_at >= ?", _given(self.since)),
            ("done_at <= ?", _given(self.until)),
            ("path like ? escape '\\'", _given(self.search and f"%{_literal(self.search)}%")),
        ]
        if self.truth == "any":
            parts.append(("truth is not null", [True]))
        else:
            parts.append(("truth = ?", _given(self.truth)))
        if self.states:
            parts.append((f"state in ({', '.join('?' * len(self.states))})", list(self.states)))
        if after:
            parts.append(("(done_at, id) < (?, ?)", list(read_mark(after))))
        used = [(words, values) for words, values in parts if values]
        bound = [value for words, values in used if "?" in words for value in values]
        return " and ".join(words for words, _ in used) or "1", bound

    @property
    def narrow(self) -> bool:
        """Whether an index leads straight to the clips."""
        narrowing = (self.label, self.truth, self.score, self.speaker, self.model)
        return bool(self.states) or any(_given(value) for value in narrowing)


def mark(row: Any) -> str:
    """Where the next page begins, behind this row."""
    return f"{row['done_at']!r}_{row['id']}"


def read_mark(mark: str) -> tuple[float, int]:
    """Read the mark of a page.

    Raises
    ------
    ValueError
        When it is none.
    """
    at, _, identity = mark.partition("_")
    return float(at), min(int(identity), 2**62)


def _given(value: Any) -> list[Any]:
    return [] if value is None or value == "" else [value]


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
