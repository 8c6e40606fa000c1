"""Hints: what the watcher's thread hands over, with nothing lost and nothing kept for ever."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from producer import watcher
from producer.inbox import Inbox
from producer.watcher import Hints, watched
from tests.household import wait_until
from tests.wavs import drop

# watchdog tells us that it has seen a new folder twice.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


@pytest.fixture(params=["events", "poll"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(watcher, "_POLL_SECONDS", 0.02)
    return str(request.param)


def test_hints_are_taken_once() -> None:
    hints = Hints()
    hints.add("a.wav", closed=False)

    assert hints.take(0) == ({"a.wav": False}, False)
    assert hints.take(0) == ({}, False)


def test_a_path_that_was_closed_stays_closed_whatever_comes_after() -> None:
    hints = Hints()
    for closed in (False, True, False):
        hints.add("a.wav", closed=closed)

    assert hints.take(0) == ({"a.wav": True}, False)


def test_taking_waits_for_the_first_hint() -> None:
    hints = Hints()
    threading.Timer(0.02, hints.add, ("a.wav",), {"closed": True}).start()

    assert hints.take(10) == ({"a.wav": True}, False)


def test_more_hints_than_are_kept_ask_for_a_look_at_the_whole_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watcher, "MOST_HINTS", 2)
    hints = Hints()
    for path in ("a.wav", "b.wav", "c.wav"):
        hints.add(path, closed=True)

    assert hints.take(0) == ({"a.wav": True, "b.wav": True}, True)
    assert hints.take(0) == ({}, False)


def test_every_way_in_is_told(tmp_path: Path, how: str) -> None:
    inbox, outside = Inbox((tmp_path / "inbox").resolve()), tmp_path / "outside"
    inbox.root.mkdir()
    hints = Hints()
    told: set[str] = set()
    with watched(inbox, hints, how):  # type: ignore[arg-type]
        drop(inbox.root / "written.wav")
        drop(outside / "renamed.wav").rename(inbox.root / "renamed.wav")
        (inbox.root / "linked.wav").hardlink_to(drop(outside / "linked.wav"))
        drop(inbox.root / "new" / "folder" / "nested.wav")
        drop(outside / "moved" / "deep" / "in.wav")
        (outside / "moved").rename(inbox.root / "moved")

        def all_told() -> bool:
            told.update(hints.take(0.05)[0])
            return told >= {
                "written.wav",
                "renamed.wav",
                "linked.wav",
                "new/folder/nested.wav",
                "moved/deep/in.wav",
            }

        wait_until(all_told, lambda: f"only {told} were told")


def test_names_that_are_no_clips_are_not_told(tmp_path: Path, how: str) -> None:
    inbox = Inbox(tmp_path.resolve())
    hints = Hints()
    told: set[str] = set()
    with watched(inbox, hints, how):  # type: ignore[arg-type]
        for path in (".hidden.wav", "a.wav.part", "notes.txt", "clip.wav"):
            drop(inbox.root / path)

        def clip_told() -> bool:
            told.update(hints.take(0.05)[0])
            return "clip.wav" in told

        wait_until(clip_told, "a hint")
    assert told == {"clip.wav"}
