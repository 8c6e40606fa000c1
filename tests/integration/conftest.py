"""A house for each module: its own server, and services for those who ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from earmark.store import Store
from tests import tiny_models
from tests.household import Household, Running, furnished, server, wait_until


@pytest.fixture(scope="module")
def house() -> Iterator[Household]:
    """An inbox, a live model, and a real embedded server."""
    with furnished() as house, server(house.settings):
        yield house


@pytest.fixture
def store(house: Household) -> Iterator[Store]:
    """The house's store, empty; so is the inbox."""
    store = Store.at(house.settings.store_url)
    store.connection.flushall()
    empty(house)
    yield store
    store.connection.close()


@pytest.fixture(scope="module")
def worker(house: Household) -> Iterator[Running]:
    """A real worker process, which follows the store."""
    with house.running("worker") as process:
        process.wait_until_it_says("ready.")
        yield process


def empty(house: Household) -> None:
    """Take everything out of the inbox, and all models but the first."""
    import shutil

    for path in house.inbox.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in house.models.iterdir():
        if path.is_dir() and path.name != tiny_models.FIRST:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
