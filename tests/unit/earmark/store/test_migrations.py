"""The store tells the version of its tables: newer ones are refused, older ones brought up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from earmark.errors import StoreRefused
from earmark.store import Store, keys
from earmark.store.connection import Connection
from earmark.store.migrations import VERSION, bring_up_to_date


@pytest.fixture(autouse=True)
def no_other_version_is_left_behind(store: Store) -> Iterator[None]:
    yield
    store.connection.flushall()


def version(store: Store) -> object:
    return store.connection.get(keys.SCHEMA)


def test_a_new_store_is_of_this_version(store: Store, store_url: str) -> None:
    Store.at(store_url).connection.close()

    assert version(store) == str(VERSION).encode()


def test_a_store_of_a_newer_version_is_refused_in_plain_words(store: Store, store_url: str) -> None:
    store.connection.set(keys.SCHEMA, VERSION + 1)

    with pytest.raises(StoreRefused, match=f"is of schema {VERSION + 1}.*written by a newer"):
        Store.at(store_url)


def test_an_older_store_is_brought_up_one_step_after_the_other(store: Store) -> None:
    store.connection.set(keys.SCHEMA, 0)
    store.connection.set("earmark:told", "7")

    def rename(connection: Connection) -> None:
        connection.rename("earmark:told", "earmark:said")

    def double(connection: Connection) -> None:
        connection.append("earmark:said", "7")

    bring_up_to_date(store.connection, 2, {0: rename, 1: double})

    assert store.connection.get("earmark:said") == b"77"
    assert version(store) == b"2"


def test_a_step_that_was_cut_off_is_done_again(store: Store) -> None:
    store.connection.set(keys.SCHEMA, 0)

    def cut_off(connection: Connection) -> None:
        raise KeyboardInterrupt

    def mend(connection: Connection) -> None:
        connection.set("earmark:mended", "yes")

    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(store.connection, 1, {0: cut_off})
    assert version(store) == b"0"
    bring_up_to_date(store.connection, 1, {0: mend})

    assert store.connection.get("earmark:mended") == b"yes"


def test_a_version_from_which_no_step_leads_is_named(store: Store) -> None:
    store.connection.set(keys.SCHEMA, 0)

    with pytest.raises(StoreRefused, match="is of schema 0, and no step leads"):
        bring_up_to_date(store.connection, 1, {})
