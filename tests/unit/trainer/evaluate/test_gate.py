"""The gate: what is published, what is refused, and the sentence that says why."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.evaluate.gate import KNOWN_VOICES, NEW_VOICES, Trial, judge
from trainer.evaluate.metrics import Score


def right(correct: int, clips: int = 100) -> NDArray[np.bool_]:
    return np.arange(clips) < correct


def trial(correct: int, clips: int = 100, *, name: str = KNOWN_VOICES, **rivals: object) -> Trial:
    return Trial(name=name, challenger=right(correct, clips), **rivals)  # type: ignore[arg-type]


def test_the_first_model_needs_only_the_floor() -> None:
    verdict = judge([trial(60), trial(10, name=NEW_VOICES)], floor=0.6)
    assert verdict.publish
    assert verdict.reason == (
        "published: 0.600 (60 of 100) right on known voices; 0.100 (10 of 100) right on new voices"
    )


def test_a_model_below_the_floor_on_known_voices_is_refused() -> None:
    verdict = judge([trial(59)], floor=0.6)
    assert not verdict.publish
    assert "0.590 (59 of 100) right on known voices" in verdict.reason
    assert "below the floor of 0.60" in verdict.reason


def test_a_model_that_is_as_good_as_the_live_one_is_published() -> None:
    assert judge([trial(90, champion=right(90))], floor=0.6).publish


def test_a_model_that_loses_four_clips_to_the_live_one_is_published() -> None:
    verdict = judge([trial(90, champion=right(94))], floor=0.6)
    assert verdict.publish
    assert "the live model 0.940 (94 of 100)" in verdict.reason


def test_a_model_that_loses_five_clips_and_wins_none_is_refused() -> None:
    verdict = judge([trial(90, champion=right(95))], floor=0.6)
    assert not verdict.publish
    assert "significantly worse (McNemar, p = 0.031)" in verdict.reason


def test_a_model_that_wins_as_many_clips_as_it_loses_is_published() -> None:
    assert judge([trial(90, champion=right(90)[::-1])], floor=0.6).publish


def test_a_model_that_is_worse_on_new_voices_alone_is_refused() -> None:
    trials = [
        trial(99, champion=right(90)),
        trial(40, name=NEW_VOICES, champion=right(60)),
    ]
    verdict = judge(trials, floor=0.6)
    assert not verdict.publish
    assert "new voices" in verdict.reason
    assert "known voices" not in verdict.reason


@pytest.mark.parametrize(("correct", "publish"), [(940, True), (939, False)])
def test_a_model_may_be_one_point_below_the_best_ever_on_the_same_clips(
    correct: int, publish: bool
) -> None:
    best = ("20260101-000000-aaaa", Score(950, 1000))
    assert judge([trial(correct, 1000, best=best)], floor=0.6).publish is publish


def test_the_reason_names_the_best_model_that_was_not_reached() -> None:
    best = ("20260101-000000-aaaa", Score(990, 1000))
    verdict = judge([trial(950, 1000, best=best)], floor=0.6)
    assert "0.990 (990 of 1000) by 20260101-000000-aaaa" in verdict.reason


@pytest.mark.parametrize(("correct", "publish"), [(29, True), (28, False)])
def test_a_single_clip_is_allowed_where_it_is_more_than_a_point(
    correct: int, publish: bool
) -> None:
    best = ("20260101-000000-aaaa", Score(30, 30))
    assert judge([trial(correct, 30, best=best)], floor=0.6).publish is publish


def test_all_objections_are_told() -> None:
    best = ("20260101-000000-aaaa", Score(99, 100))
    verdict = judge([trial(50, champion=right(90), best=best)], floor=0.6)
    assert verdict.reason.count(";") == 2
