"""A house for each module: its own server, and services for those who ask for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from earmark.messaging.sender import Sender
from earmark.store import Store
from tests import tiny_models
from tests.household import Household, Running, furnished, server


@pytest.fixture(scope="module")
def house() -> Iterator[Household]:
    """An inbox, a live model, and a real embedded server."""
    with furnished() as house, server(house.settings):
        yield house


@pytest.fixture
def store(house: Household) -> Iterator[Store]:
    """The house's store, empty; so is the inbox, and the first model is live."""
    store = Store.at(house.settings.store_url)
    store.connection.flushall()
    tidy_up(house)
    yield store
    store.connection.close()


@pytest.fixture
def sender(house: Household) -> Iterator[Sender]:
    """Publishes tasks in the house."""
    sender = Sender(house.settings.model_copy(update={"redis_url": house.settings.store_url}))
    yield sender
    sender.close()


@pytest.fixture(scope="module")
def worker(house: Household) -> Iterator[Running]:
    """A real worker process, which follows the store."""
    with house.running("worker") as process:
        process.wait_until_it_says("ready.")
        yield process


def tidy_up(house: Household) -> None:
    """Take everything out of the inbox, and all models but the first."""
    for path in [*house.inbox.iterdir(), *house.models.iterdir()]:
        if path.name == tiny_models.FIRST:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
