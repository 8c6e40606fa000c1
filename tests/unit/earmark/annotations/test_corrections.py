"""What people do with clips, at the edges that commands do not reach."""

from __future__ import annotations

import time
from pathlib import Path

from earmark.annotations.corrections import correct, corrected
from earmark.annotations.labels_csv import Line
from earmark.clips import State
from earmark.store import Store
from earmark.truth import Told
from tests.known_clips import clip, know

AT = "2026-11-23T04:15:00+00:00"


def test_the_newest_correction_wins(store: Store, tmp_path: Path) -> None:
    know(store, clip("7_theo_1.wav"))
    file = tmp_path / "labels.csv"

    for digit in (1, 2):
        correct(store.clips, file, Line("7_theo_1.wav", Told(digit, None, "ann"), AT))

    [record] = store.clips.records(["7_theo_1.wav"])
    assert record is not None
    assert (record.truth, record.speaker) == (2, "theo")
    assert len(file.read_text().splitlines()) == 3


def test_a_correction_twice_is_one_truth(store: Store, tmp_path: Path) -> None:
    know(store, clip("a.wav"))
    line = Line("a.wav", Told(1, None, "ann"), AT)

    once = correct(store.clips, tmp_path / "labels.csv", line)

    assert correct(store.clips, tmp_path / "labels.csv", line) == once


def test_a_clip_that_still_waits_can_be_corrected(store: Store, tmp_path: Path) -> None:
    store.clips.note([clip("a.wav", State.PENDING, None)], time.time() + 60)

    record = correct(store.clips, tmp_path / "labels.csv", Line("a.wav", Told(1), AT))

    assert (record.state, record.truth) == (State.PENDING, 1)


def test_only_an_unsure_clip_changes_its_state_by_a_correction() -> None:
    line = Line("a.wav", Told(1, None, "ann"), AT)

    states = {state: corrected(clip("a.wav", state), line).state for state in State}

    assert states == {state: state for state in State} | {State.UNSURE: State.LABELLED}
