"""How many files are no clips, as the producer tells it to everybody."""

from __future__ import annotations

from earmark.store import Store


def test_what_is_told_replaces_what_was_told_before(store: Store) -> None:
    assert store.passed_over.counts() == {}

    store.passed_over.tell({"text": 2, "labels.csv": 1})
    store.passed_over.tell({"text": 3})

    assert store.passed_over.counts() == {"text": 3}
