"""Suspects: a wrong truth is found, and right ones are left in peace."""

from __future__ import annotations

from tests.clip_tables import TINY, clip_table
from trainer.data.folds import By
from trainer.offline.crossvalidate import crossval
from trainer.offline.label_errors import suspects


def test_a_clip_with_a_wrong_truth_is_suspected_and_no_other() -> None:
    table = clip_table(takes=8, noise=0.2)
    wrong = int((table["digit"] == 3).to_numpy().argmax())
    table.loc[wrong, "digit"] = 5
    tested = list(crossval(table, TINY, By.CLIP))
    [found] = suspects(table, tested, seed=0)
    assert found.path == table["path"][wrong]
    assert (found.told, found.heard) == (5, 3)
    assert found.confidence >= 0.9
