"""Scores with their intervals, per digit and per speaker, and one model against another."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clip_tables import clip_table
from trainer.evaluate.metrics import Score, chance_of_no_loss, evaluate, wilson


def certain(digits: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.eye(10, dtype=np.float32)[digits]


def flags(pattern: str) -> NDArray[np.bool_]:
    return np.array([letter == "+" for letter in pattern])


def test_a_net_that_is_right_everywhere_scores_one_with_its_counts() -> None:
    table = clip_table(["ann", "ben"])
    found = evaluate(table, certain(table["digit"].to_numpy()))
    assert found is not None
    assert found.score == Score(100, 100)
    assert str(found.score) == "1.000 (100 of 100)"
    assert found.confusion.tolist() == (np.eye(10, dtype=int) * 10).tolist()
    assert found.report["accuracy"] == 1.0


def test_mistakes_are_counted_where_they_were_made() -> None:
    table = clip_table(["ann", "ben"])
    heard = table["digit"].to_numpy().copy()
    mistaken = (table["speaker"] == "ben").to_numpy() & (heard == 7)
    heard[mistaken] = 1
    found = evaluate(table, certain(heard))
    assert found is not None
    assert found.score == Score(95, 100)
    assert found.per_speaker == {"ann": Score(50, 50), "ben": Score(45, 50)}
    assert found.per_digit[7] == Score(5, 10)
    assert found.confusion[7, 1] == 5


def test_clips_without_a_speaker_are_scored_together() -> None:
    table = clip_table([None])
    found = evaluate(table, certain(table["digit"].to_numpy()))
    assert found is not None
    assert list(found.per_speaker) == ["(no speaker)"]


def test_an_empty_test_set_has_no_score() -> None:
    assert evaluate(clip_table().iloc[:0], np.empty((0, 10), np.float32)) is None


def test_an_evaluation_is_plain_values() -> None:
    table = clip_table(["ann"], digits=(0, 1))
    found = evaluate(table, certain(table["digit"].to_numpy()))
    assert found is not None
    assert json.loads(json.dumps(found.as_json()))["correct"] == 10


@pytest.mark.parametrize(
    ("correct", "clips", "expected"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (81, 263, (0.2553, 0.3662))],
)
def test_wilson_intervals_are_those_of_the_literature(
    correct: int, clips: int, expected: tuple[float, float]
) -> None:
    assert wilson(correct, clips) == pytest.approx(expected, abs=1e-4)


def test_no_clips_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_models_that_are_right_on_the_same_clips_are_no_worse_than_each_other() -> None:
    assert chance_of_no_loss(flags("++--"), flags("++--")) == 1.0


def test_five_lost_and_none_won_are_significant() -> None:
    assert chance_of_no_loss(flags("+++++"), flags("-----")) == pytest.approx(1 / 32)


def test_four_lost_and_none_won_may_be_chance() -> None:
    assert chance_of_no_loss(flags("++++"), flags("----")) == pytest.approx(1 / 16)


def test_clips_that_both_get_right_do_not_dilute_the_test() -> None:
    champion, challenger = flags("+++++" + "+" * 500), flags("-----" + "+" * 500)
    assert chance_of_no_loss(champion, challenger) == pytest.approx(1 / 32)
