"""A real Earmark with its dashboard, real clips, and a real browser before it.

The browser is Chromium as distributions ship it: the one on the path, or the one that `CHROMIUM`
names. Without one these tests are skipped, but never where `CI` is set.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.flags import FLAGS
from tests.household import Household, furnished, wait_until

pytest.importorskip("nicegui", reason="the extra `dashboard` is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

TAKES = 12
"""Of each digit by each speaker."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running Earmark, and where its dashboard is."""

    house: Household
    url: str
    recordings: Path

    def get(self, path: str) -> Any:
        """What the interface answers."""
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def truths(self) -> int:
        return int(self.get("/api/status")["live_accuracy"]["truths"])


@pytest.fixture(scope="session")
def clips(recordings: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred clips whose names tell their truth."""
    folder = tmp_path_factory.mktemp("clips")
    if recordings is not None:
        for clip in recordings.glob("*.wav"):
            if int(clip.stem.rpartition("_")[2]) < TAKES:
                shutil.copy(clip, folder)
        return folder
    with furnished() as house:
        made = house.run("samples", str(folder), "--speakers", "6", "--takes", "4", seconds=300)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def dashboard(clips: Path) -> Iterator[Dashboard]:
    """Everything up, with the shipped model, and the clips labelled."""
    port = _free_port()
    with furnished(model=False) as plain:
        house = plain.with_settings(
            dashboard_port=port, patience_seconds=1, recipe="scaled", synthetic_voices=0
        )
        with house.running("up") as up:
            up.wait_until_it_says("is ready", seconds=90)
            done = house.run("ingest", str(clips), "--wait", seconds=300)
            assert done.returncode == 0, done.stderr
            found = Dashboard(house, f"http://127.0.0.1:{port}", clips)
            wait_until(lambda: _answers(found), lambda: up.output, seconds=60)
            yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; closed before other tests, for playwright keeps an event loop running."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium, and in CI there must be one")
        pytest.skip("there is no chromium; set CHROMIUM to its path")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, dashboard: Dashboard) -> Iterator[Any]:
    """A page of a desktop's size, on which no script may fail."""
    yield from opened(browser, dashboard, width=1280)


@pytest.fixture
def phone(browser: Any, dashboard: Dashboard) -> Iterator[Any]:
    """The same at a phone's width."""
    yield from opened(browser, dashboard, width=390)


def opened(browser: Any, dashboard: Dashboard, *, width: int) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": 844}, base_url=dashboard.url)
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def _answers(dashboard: Dashboard) -> bool:
    try:
        return bool(dashboard.get("/readyz")["ready"])
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
