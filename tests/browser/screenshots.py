"""The README's pictures: Live, Review and a model, taken from an Earmark of their own.

It hears the recordings of `EARMARK_FSDD`, or synthetic voices where there are none:
python -m tests.browser.screenshots docs/screenshots
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.flags import FLAGS
from tests.browser.stack import Dashboard, blend, lay_clips, running_dashboard
from tests.household import wait_until

SHOTS = (
    ("live", "/", "light", 1280), ("live-dark", "/", "dark", 1280),
    ("review", "/review", "light", 1280), ("models", "/models/{live}", "light", 1280),
    ("live-phone", "/", "dark", 390),
)  # fmt: skip
HEIGHT = 860
SETTLE_MILLISECONDS = 2_500
SPOKEN, BLENDED = 40, 12
"""Clips that come while the page is looked at, and clips of which hardly anybody is sure."""


def main() -> None:
    """Take all pictures; the folder is the argument."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        sys.exit("there is no chromium; set CHROMIUM to its path")
    with tempfile.TemporaryDirectory() as laid:
        lay_clips(Path(laid), _recordings())
        with running_dashboard(Path(laid)) as dashboard, sync_playwright() as playwright:
            _bring_unsure(dashboard)
            live = dashboard.get("/api/status")["model"]["version"]
            chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
            for name, page, scheme, width in SHOTS:
                address = page.format(live=live)
                take(chromium, dashboard, address, folder / f"{name}.png", scheme, width)
            chromium.close()


def take(
    chromium: Any, dashboard: Dashboard, address: str, file: Path, scheme: str, width: int
) -> None:
    """One picture."""
    context = chromium.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
    page = context.new_page()
    page.goto(dashboard.url + address)
    page.wait_for_selector("main h1", state="attached")
    if address == "/":
        _speak(dashboard, file.stem)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=file)
    context.close()
    print(file)


def _recordings() -> Path | None:
    folder = Path(os.environ.get("EARMARK_FSDD", "../shared/data/fsdd/recordings"))
    return folder if folder.is_dir() else None


def _bring_unsure(dashboard: Dashboard) -> None:
    for number in range(BLENDED):
        clip = blend(dashboard.recordings, number)
        (dashboard.house.inbox / f"two voices {number}.wav").write_bytes(clip)
    wait_until(lambda: _done(dashboard, "two voices") == BLENDED, "the blended clips")
    measured = "a drift that was measured since"
    wait_until(lambda: dashboard.get("/api/drift")["clips"] > 0, measured, seconds=60)


def _speak(dashboard: Dashboard, name: str) -> None:
    """Clips without a truth, so that something is heard just now."""
    takes = sorted(dashboard.recordings.glob("*.wav"))
    for number, clip in enumerate(takes[:: len(takes) // SPOKEN][:SPOKEN]):
        shutil.copy(clip, dashboard.house.inbox / f"{name} memo {number}.wav")
    wait_until(lambda: _done(dashboard, f"{name} memo") == SPOKEN, "the spoken clips")


def _done(dashboard: Dashboard, name: str) -> int:
    found = dashboard.get(f"/api/clips?search={name.replace(' ', '%20')}&limit=100")
    return sum(clip["state"] in ("labelled", "unsure") for clip in found["clips"])


if __name__ == "__main__":
    main()
