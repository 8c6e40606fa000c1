"""How often models were right on clips that they were not trained on: overall, and day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from earmark.clips import Record, Score


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """What one model heard in one day, of clips whose truth is known."""

    date: str
    """ISO 8601, when the clips were labelled."""
    model: str
    clips: int
    right: int

    def as_json(self) -> dict[str, Any]:
        return {
            "date": self.date,
            "model": self.model,
            "clips": self.clips,
            "right": self.right,
            "accuracy": round(self.right / self.clips, 4),
        }


def by_day(records: Iterable[Record], zone: tzinfo | None = None) -> list[Day]:
    """Count blind labels that met the truth, oldest day first.

    Parameters
    ----------
    zone
        Whose days; None: this machine's.
    """
    clips: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for record in records:
        if record.score not in (Score.RIGHT, Score.WRONG) or record.done_at is None:
            continue
        day = datetime.fromtimestamp(record.done_at, zone).date().isoformat()
        key = (day, record.model or "?")
        clips[key] += 1
        right[key] += record.score is Score.RIGHT
    return sorted(Day(*key, count, right[key]) for key, count in clips.items())


def live_accuracy(scores: dict[Score, int]) -> dict[str, Any]:
    """How often the model was right on clips with a truth that it was not trained on."""
    right, wrong = scores[Score.RIGHT], scores[Score.WRONG]
    counted = right + wrong
    return {
        "accuracy": round(right / counted, 4) if counted else None,
        "clips": counted,
        "truths": counted + scores[Score.UNSCORED],
    }
