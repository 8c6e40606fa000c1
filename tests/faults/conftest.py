"""A scene for each test, the times that recoveries took, and what became of the siege."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from earmark.store import Store
from tests.faults.scene import QUICK, Scene
from tests.household import Household, furnished, server

_RECOVERIES: dict[str, float] = {}
_SIEGE: list[str] = []


@pytest.fixture(autouse=True)
def _linux_only() -> None:
    if sys.platform != "linux":
        pytest.skip("these tests look for child processes in /proc")


@pytest.fixture
def furnished_house() -> Iterator[Household]:
    """A house in which nothing runs; recovery is quick in it."""
    with furnished() as house:
        yield house.with_settings(**QUICK)


@pytest.fixture
def scene(furnished_house: Household) -> Iterator[Scene]:
    with server(furnished_house.settings):
        store = Store.at(furnished_house.settings.store_url)
        yield Scene(furnished_house, store, _RECOVERIES)
        store.connection.close()


@pytest.fixture(scope="session")
def recoveries() -> dict[str, float]:
    """By fault: seconds until the promise was kept again."""
    return _RECOVERIES


@pytest.fixture(scope="session")
def siege_told() -> list[str]:
    """What is told of the siege at the end of the run."""
    return _SIEGE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _RECOVERIES:
        terminalreporter.section(f"recoveries, with a lease of {QUICK['lease_seconds']} s")
        for fault, seconds in _RECOVERIES.items():
            terminalreporter.write_line(f"{seconds:6.1f} s  {fault}")
    if _SIEGE:
        terminalreporter.section("siege")
        for line in _SIEGE:
            terminalreporter.write_line(line)
