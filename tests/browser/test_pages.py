"""What people do in the browser, against the whole of Earmark."""

from __future__ import annotations

import io
import random
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import tiny_models
from tests.browser.conftest import Dashboard
from tests.household import wait_until

PAGES = ("/", "/review", "/clips", "/models", "/map", "/health", "/api")


def first_clip(page: Any) -> str:
    return str(page.inner_text(".review .path"))


def press_and_wait(page: Any, key: str) -> None:
    """Press a key in Review, and wait for the next clip."""
    shown = first_clip(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "was => document.querySelector('.review .path')?.innerText !== was", arg=shown
    )


def test_a_dropped_wav_shows_its_label(page: Any, dashboard: Dashboard) -> None:
    clip = next(dashboard.recordings.glob("7_*.wav"))
    page.goto("/")
    page.wait_for_selector(".drop")

    page.set_input_files(
        "input[type=file]",
        {"name": "from the browser.wav", "mimeType": "audio/wav", "buffer": clip.read_bytes()},
    )

    page.wait_for_selector(".told .digit")
    page.wait_for_selector(".stream li:has-text('from_the_browser.wav')")
    assert dashboard.get("/api/clips/from_the_browser.wav")["label"] is not None


def test_ten_corrections_by_keys_are_ten_truths_more(page: Any, dashboard: Dashboard) -> None:
    page.goto("/")
    page.wait_for_selector(".drop")
    untold = [
        {
            "name": f"untold {number}.wav",
            "mimeType": "audio/wav",
            "buffer": blend(dashboard.recordings, number),
        }
        for number in range(40)
    ]
    page.set_input_files("input[type=file]", untold)
    page.wait_for_selector(".told p:has-text('more')")
    wait_until(lambda: unsure(dashboard) >= 10, "ten clips that it is unsure of")
    before = dashboard.truths()
    page.goto("/review")
    page.wait_for_selector(".huge")

    corrected: list[str] = []
    while len(corrected) < 10:
        path = first_clip(page)
        if path.startswith("untold"):
            press_and_wait(page, str(len(corrected)))
            corrected.append(path)
        else:
            press_and_wait(page, "s")

    assert dashboard.truths() == before + 10
    found = [dashboard.get(f"/api/clips/{path}") for path in corrected]
    assert [clip["truth"] for clip in found] == list(range(10))
    assert {clip["state"] for clip in found} == {"labelled"}


def test_a_correction_can_be_taken_back(page: Any, dashboard: Dashboard) -> None:
    page.goto("/review")
    page.wait_for_selector(".huge")
    path = first_clip(page)
    before = dashboard.get(f"/api/clips/{path}")

    press_and_wait(page, "n")
    during = dashboard.get(f"/api/clips/{path}")
    press_and_wait(page, "u")

    assert during["truth"] == "none"
    assert dashboard.get(f"/api/clips/{path}") == before
    assert first_clip(page) == path


def test_train_and_the_new_version_goes_live_then_roll_back(
    page: Any, dashboard: Dashboard
) -> None:
    tiny_models.publish(dashboard.house.models, tiny_models.FIRST)  # any training beats it
    page.goto(f"/models/{tiny_models.FIRST}")
    with page.expect_navigation():  # the page shows itself anew
        page.click(f"text=Promote {tiny_models.FIRST}")
    assert live(dashboard) == tiny_models.FIRST
    page.goto("/models")

    page.click("text=Train even if nothing changed")
    page.wait_for_selector(".training:has-text('Training:')")
    wait_until(lambda: live(dashboard) != tiny_models.FIRST, "a new version", seconds=110)
    newest = live(dashboard)
    page.wait_for_selector(f"tr:has-text('{newest}') .pill:has-text('live')")
    page.click("text=Roll back")

    wait_until(lambda: live(dashboard) != newest, "the roll back")


def unsure(dashboard: Dashboard) -> int:
    found = dashboard.get("/api/clips?search=untold&state=unsure&limit=100")
    return len(found["clips"])


def live(dashboard: Dashboard) -> str:
    return str(dashboard.get("/api/status")["model"]["version"])


def test_the_filters_find_clips_and_lead_to_their_own_page(page: Any) -> None:
    page.goto("/clips")
    page.select_option("select[name=truth]", "3")
    page.click("text=Search")
    page.wait_for_selector("tbody tr")

    truths = page.locator("tbody tr td:nth-child(5)").all_inner_texts()
    page.click("tbody tr a")
    page.wait_for_selector("audio[controls]")

    assert {truth.split()[0] for truth in truths} == {"3"}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_phone(phone: Any, path: str) -> None:
    phone.goto(path)
    phone.wait_for_selector("main h1", state="attached")
    phone.wait_for_timeout(500)

    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible(page: Any, path: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.wait_for_selector("main h1", state="attached")
    page.wait_for_timeout(500)

    found = axe.Axe().run(page).response["violations"]

    told = [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]
    assert told == []


def test_nothing_is_fetched_from_elsewhere(page: Any, dashboard: Dashboard) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(path)
        page.wait_for_selector("main h1", state="attached")

    ours = (dashboard.url, dashboard.url.replace("http", "ws"), "data:", "blob:")
    assert asked
    assert [url for url in asked if not url.startswith(ours)] == []


def blend(clips: Path, number: int) -> bytes:
    """One digit forwards and another one backwards at once: hardly anybody is sure of it."""
    takes = sorted(clips.glob("*.wav"))
    chance = random.Random(number)
    parts = [samples_of(chance.choice(takes)), samples_of(chance.choice(takes))[::-1]]
    both = np.zeros(max(map(len, parts)))
    for part in parts:
        both[: len(part)] += part / max(np.abs(part).max(), 1) / 2
    file = io.BytesIO()
    with wave.open(file, "wb") as clip:
        clip.setparams((1, 2, 8_000, 0, "NONE", ""))
        clip.writeframes(np.round(32_000 * both).astype("<i2").tobytes())
    return file.getvalue()


def samples_of(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as clip:
        return np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(float)
