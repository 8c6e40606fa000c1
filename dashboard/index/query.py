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


@dataclass(frozen=True, slots=True)
class Walk:
    """Part of an index that holds clips newest first."""

    index: str
    words: str = "1"
    values: tuple[Any, ...] = ()


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

    def condition(self) -> tuple[str, list[Any]]:
        """What a clip must be to fit: the words after `where`, and their values."""
        parts = [
            ("label = ?", self.label),
            ("score = ?", self.score),
            ("speaker = ?", self.speaker),
            ("model = ?", self.model),
            ("confidence >= ?", self.at_least),
            ("confidence <= ?", self.at_most),
            ("path like ? escape '\\'", self.search and f"%{_literal(self.search)}%"),
            ("truth = ?", None if self.truth == "any" else self.truth),
        ]
        used = [(words, value) for words, value in parts if _given(value)]
        words, values = [words for words, _ in used], [value for _, value in used]
        if self.truth == "any":
            words.append("truth is not null")
        if self.states:
            words.append(f"state in ({', '.join('?' * len(self.states))})")
            values += self.states
        return " and ".join(words) or "1", values

    def span(self, after: str | None) -> tuple[str, list[Any]]:
        """When a clip must have been done to fit, and to stand behind a mark."""
        parts: list[tuple[str, list[Any]]] = []
        if self.since is not None:
            parts.append(("done_at >= ?", [self.since]))
        if self.until is not None:
            parts.append(("done_at <= ?", [self.until]))
        if after:
            parts.append(("(done_at, id) < (?, ?)", list(read_mark(after))))
        words = " and ".join(words for words, _ in parts) or "1"
        return words, [value for _, values in parts for value in values]

    def ways(self) -> list[tuple[Walk, ...]]:
        """All ways through the indexes that miss no clip that fits; each is one walk or more."""
        told = None if self.truth == "any" else self.truth
        columns = {
            "label": self.label, "truth": told, "score": self.score, "speaker": self.speaker,
            "model": self.model,
        }  # fmt: skip
        ways: list[tuple[Walk, ...]] = [
            (Walk(f"by_{column}", f"{column} = ?", (value,)),)
            for column, value in columns.items()
            if _given(value)
        ]
        if _given(told) and self.label is not None:
            ways.append((Walk("confused", "truth = ? and label = ?", (told, self.label)),))
        if self.truth == "any":
            ways.append((Walk("told", "truth is not null"),))
        if self.states:
            states = dict.fromkeys(self.states)
            ways.append(tuple(Walk("by_state", "state = ?", (state,)) for state in states))
        return ways or [(Walk("by_time"),)]


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


def _given(value: Any) -> bool:
    return value is not None and value != ""


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
