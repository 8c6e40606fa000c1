"""The events that wait to be posted again."""

from __future__ import annotations

from dashboard.monitoring.refused_events import MOST_WAITING, Refused, RefusedEvents


def test_each_is_due_by_its_own_clock_the_longest_due_first() -> None:
    waiting = RefusedEvents(None, lambda _: None, 0)

    assert waiting.refuse("1-0", 3, 10)
    assert waiting.refuse("2-0", 1, 12)

    assert waiting.due(12.9) == []
    assert waiting.seconds_to_next(12.5) == 0.5
    assert [each.id for each in waiting.due(14)] == ["2-0", "1-0"]


def test_what_waits_is_kept_and_is_due_at_once_after_a_restart() -> None:
    kept: list[str] = []
    before = RefusedEvents(None, kept.append, 0)
    before.refuse("1-0", 3, 10)
    before.refuse("2-0", 1, 10)
    before.drop("2-0")

    after = RefusedEvents(kept[-1], kept.append, 500)

    assert after.due(500) == [Refused("1-0", 3, 500)]


def test_it_is_full_at_its_bound() -> None:
    waiting = RefusedEvents(None, lambda _: None, 0)
    for number in range(MOST_WAITING):
        assert not waiting.full
        waiting.refuse(f"{number}-0", 1, 0)

    assert waiting.full
