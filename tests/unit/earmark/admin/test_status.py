"""What is told about the whole of Earmark."""

from __future__ import annotations

from earmark.analysis.live_accuracy import live_accuracy
from earmark.cli.output import status_lines
from earmark.clips import Score
from earmark.services.heartbeat import service_counts
from earmark.services.processes import NEEDED

SEEN = {
    "states": {"pending": 0, "queued": 1, "labelled": 1234, "unsure": 0, "failed": 2},
    "passed_over": {"labels.csv": 1, "text": 2},
    "queues": {"live": 0, "bulk": 3, "training": 0},
    "services": {"producer": 1, "worker": 2, "trainer": 0, "scheduler": 1},
    "clips_per_second": 20.57,
    "model": {"version": "20260101-000000-aaaa", "known_voices": 0.977, "new_voices": None},
    "live_accuracy": {"accuracy": 0.5, "clips": 10, "truths": 20},
    "training": {"step": "fitting", "epoch": 3, "epochs": 60},
    "last_training": {"outcome": "refused", "reason": "refused: too bad"},
}


def test_services_are_counted_and_a_missing_one_is_named() -> None:
    alive = {"worker@a:1": 0.5, "worker@b:1": 2.0, "producer@a:2": 1.0}

    assert service_counts(alive) == {"producer": 1, "worker": 2, "trainer": 0, "scheduler": 0}
    assert set(service_counts({})) == set(NEEDED)


def test_the_live_accuracy_counts_blind_labels_only() -> None:
    scores = {Score.RIGHT: 3, Score.WRONG: 1, Score.UNSCORED: 5}

    assert live_accuracy(scores) == {"accuracy": 0.75, "clips": 4, "truths": 9}


def test_without_any_truth_there_is_no_accuracy() -> None:
    scores = {Score.RIGHT: 0, Score.WRONG: 0, Score.UNSCORED: 0}

    assert live_accuracy(scores)["accuracy"] is None


def test_people_read_one_line_a_subject() -> None:
    lines = "\n".join(status_lines(SEEN))

    for told in (
        "1,234 labelled",
        "no clips  passed over 3 files: 1 labels.csv, 2 text",
        "3 in bulk",
        "trainer MISSING",
        "20.57 clips/s",
        "97.7% on known voices, not measured on new voices",
        "50.0% right of 10 clips",
        "epoch 3 of 60",
        "refused: too bad",
    ):
        assert told in lines


def test_people_read_of_a_store_that_knows_nothing_yet() -> None:
    nothing: dict[str, object] = {
        "passed_over": {},
        "model": None,
        "training": None,
        "last_training": None,
    }
    untold = {"accuracy": None, "clips": 0, "truths": 0}

    lines = "\n".join(status_lines({**SEEN, **nothing, "live_accuracy": untold}))

    assert "passed over" not in lines
    assert "none is announced yet" in lines
    assert "not measured: no clip with a truth that the model was not trained on" in lines
