"""The README's pictures: Live, Review and Models, taken from a running Earmark.

python -m tests.browser.screenshots http://127.0.0.1:8765 docs/screenshots
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.browser.flags import FLAGS

SHOTS = (
    ("live", "/", "light", 1280), ("live-dark", "/", "dark", 1280),
    ("review", "/review", "light", 1280), ("models", "/models", "light", 1280),
    ("live-phone", "/", "dark", 390),
)  # fmt: skip
HEIGHT = 860
SETTLE_MILLISECONDS = 1_500


def main() -> None:
    """Take all pictures; the address and the folder are arguments."""
    from playwright.sync_api import sync_playwright

    url, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for name, page, scheme, width in SHOTS:
            take(chromium, url + page, folder / f"{name}.png", scheme, width)
        chromium.close()


def take(chromium: Any, url: str, file: Path, scheme: str, width: int) -> None:
    """One picture."""
    context = chromium.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("main h1", state="attached")
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=file)
    context.close()
    print(file)


if __name__ == "__main__":
    main()
