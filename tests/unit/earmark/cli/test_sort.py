"""The command that lays labelled clips into folders."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import answer, call
from tests.fixture_types import Label, Tone


def test_sort_lays_the_labelled_clips_into_folders(
    online: Path, tone: Tone, label_inbox: Label
) -> None:
    tone(online / "inbox/loud.wav")
    tone(online / "inbox/faint.wav", amplitude=0.02)
    tone(online / "inbox/doubtful.wav", amplitude=0.1)
    label_inbox(online / "inbox")

    seen = answer("sort", "sorted", "--unsure")

    assert seen["folders"] == {"3": 1, "7": 1, "unsure": 1}
    assert (online / "sorted/7/loud.wav").exists()
    assert (online / "sorted/3/faint.wav").exists()
    assert (online / "sorted/unsure/doubtful.wav").exists()
    again = call("sort", "sorted")
    assert "2 clips in sorted: 0 linked, 0 copied, 2 already" in again.stdout
