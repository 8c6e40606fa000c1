"""Which services live."""

from __future__ import annotations

from earmark.store import Store


def test_a_service_is_alive_as_long_as_it_says_so(store: Store) -> None:
    store.heartbeats.sign_of_life("worker@here:1", now=100.0)
    store.heartbeats.sign_of_life("producer@here:2", now=110.0)

    assert store.heartbeats.alive(now=112.0) == {"worker@here:1": 12.0, "producer@here:2": 2.0}
    assert store.heartbeats.alive(now=120.0) == {"producer@here:2": 10.0}
    store.heartbeats.sign_off("producer@here:2")
    assert store.heartbeats.alive(now=112.0) == {"worker@here:1": 12.0}
