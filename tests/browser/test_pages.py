"""What people do in the browser, against the whole of Earmark."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny_models
from tests.browser.conftest import Launch
from tests.browser.stack import Dashboard, blend, packed, samples_of
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


def test_a_digit_spoken_into_the_microphone_shows_its_label(
    launch: Launch, dashboard: Dashboard, tmp_path: Path
) -> None:
    said = tmp_path / "said.wav"
    said.write_bytes(amid_silence(next(dashboard.recordings.glob("7_*.wav"))))
    flags = (
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={said}",
    )  # fmt: skip
    with launch(*flags) as chromium:
        page = chromium.new_page(base_url=dashboard.url)
        page.goto("/")
        page.click("text=Record a digit")
        page.wait_for_selector(".told .digit")

        heard = page.inner_text(".told .digit")
        path = page.get_attribute(".told a", "href").removeprefix("/clip/")

    assert heard == "7"
    clip = dashboard.get(f"/api/clips/{path}")
    assert clip["path"].startswith("spoken-")
    assert 0.1 < clip["seconds"] < 1.6  # cut to what was spoken


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


def test_a_model_shows_what_was_measured_and_a_cell_leads_to_its_clips(
    page: Any, dashboard: Dashboard
) -> None:
    page.goto(f"/models/{measured_model(dashboard)}")
    page.wait_for_selector("table.confusion")
    for told in ("Learning curves", "Reliability", "Speakers"):
        assert page.is_visible(f"h2:has-text('{told}')"), told
    page.wait_for_function("document.querySelectorAll('.chart canvas, .chart svg').length >= 2")

    cell = page.locator("table.confusion td.right a").nth(3)
    name = cell.get_attribute("aria-label")
    cell.click()
    page.wait_for_selector("tbody tr")

    assert name.endswith("clips of 3 heard as 3")
    rows = page.locator("tbody tr")
    heard, truths = (rows.locator(f"td:nth-child({at})").all_inner_texts() for at in (3, 5))
    assert set(heard) == {"3"}
    assert {truth.split()[0] for truth in truths} == {"3"}


def test_two_models_are_compared_side_by_side(page: Any, dashboard: Dashboard) -> None:
    tiny_models.publish(dashboard.house.models, tiny_models.SECOND)
    both = [measured_model(dashboard), tiny_models.SECOND]
    page.goto("/models")
    for version in both:
        page.check(f"input[value='{version}']")
    page.click("text=Compare the two that are ticked")
    page.wait_for_selector(".split.even")

    sides = page.locator(".split.even > div")
    lefts = [sides.nth(at).bounding_box()["x"] for at in range(2)]

    assert [both[at] in sides.nth(at).inner_text() for at in range(2)] == [True, True]
    assert lefts[0] < lefts[1]


def test_the_map_is_drawn_and_a_point_can_be_heard(page: Any) -> None:
    page.goto("/map")
    page.wait_for_selector(".chart.map canvas, .chart.map svg", timeout=60_000)

    assert "clips. Click a point to hear it." in page.inner_text("main, #main")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_phone(phone: Any, path: str) -> None:
    phone.goto(path)
    phone.wait_for_selector("main h1", state="attached")
    phone.wait_for_load_state("networkidle")

    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible(page: Any, path: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.wait_for_selector("main h1", state="attached")
    page.wait_for_load_state("networkidle")

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


def measured_model(dashboard: Dashboard) -> str:
    """The version that the house began with: its card holds all measurements."""
    found = [each for each in dashboard.get("/api/models") if each["known_voices"] is not None]
    return str(found[-1]["version"])


def amid_silence(clip: Path) -> bytes:
    """A clip after a moment of silence and long before it is heard again."""
    with wave.open(str(clip)) as recording:
        rate = recording.getframerate()
    before, after = np.zeros(rate // 3), np.zeros(5 * rate)
    return packed(np.concatenate([before, samples_of(clip), after]), rate)
