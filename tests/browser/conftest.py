"""A real Earmark with its dashboard, real clips, and a real browser before it.

The browser is Chromium as distributions ship it: the one on the path, or the one that `CHROMIUM`
names. Without one these tests are skipped, but never where `CI` is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.flags import FLAGS
from tests.browser.stack import Dashboard, lay_clips, running_dashboard

pytest.importorskip("nicegui", reason="the extra `dashboard` is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Launch = Callable[..., Any]


@pytest.fixture(scope="session")
def clips(recordings: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred clips whose names tell their truth."""
    folder = tmp_path_factory.mktemp("clips")
    lay_clips(folder, recordings)
    return folder


@pytest.fixture(scope="module")
def dashboard(clips: Path) -> Iterator[Dashboard]:
    """Everything up, with the shipped model, and the clips labelled."""
    with running_dashboard(clips) as found:
        yield found


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """Starts headless Chromium with more flags; all is over before other tests begin.

    Playwright keeps an event loop running, which other tests must not find.
    """
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium, and in CI there must be one")
        pytest.skip("there is no chromium; set CHROMIUM to its path")
    with sync_api.sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@pytest.fixture(scope="module")
def browser(launch: Launch) -> Iterator[Any]:
    """Headless Chromium."""
    with launch() as chromium:
        yield chromium


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
