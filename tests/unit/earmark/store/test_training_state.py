"""The right to train, and how a training ended."""

from __future__ import annotations

import pytest

from earmark.errors import TrainingBusy
from earmark.store import Store, keys


def test_only_one_may_train(store: Store) -> None:
    with (
        store.training.training_lock(),
        pytest.raises(TrainingBusy, match="one runs at a time"),
        store.training.training_lock(),
    ):
        pass
    with store.training.training_lock() as lock:
        lock.renew()


def test_a_lost_right_to_train_cannot_be_renewed(store: Store) -> None:
    with store.training.training_lock() as lock:
        store.connection.delete(keys.TRAINING_LOCK)

        with pytest.raises(TrainingBusy, match="ran out"):
            lock.renew()


def test_the_end_of_a_training_is_kept_and_told(store: Store) -> None:
    store.training.tell_training({"step": "fitting", "epoch": 3})
    assert store.training.training() == {"step": "fitting", "epoch": 3}
    after = store.events.newest_event()

    store.training.end_training({"outcome": "published", "reason": "good"})

    assert store.training.training() is None
    assert store.training.last_training() == {"outcome": "published", "reason": "good"}
    [event] = store.events.events(after, 0.01)
    assert (event.kind, event.fields["result"]["reason"]) == ("training", "good")
