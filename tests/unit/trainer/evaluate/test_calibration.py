"""Calibration: what a confidence is worth, and from where on a digit is believed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clip_tables import TINY, clip_table
from trainer.data.samples import Samples
from trainer.evaluate.calibration import fold_in, reliability, temperature, thresholds
from trainer.net.fit import fit, probabilities


def said(confidences: list[float], digit: int = 7) -> NDArray[np.float32]:
    """Probabilities of clips that are all heard as one digit."""
    rows = np.array([[(1 - each) / 9] * 10 for each in confidences], np.float32)
    rows[:, digit] = confidences
    return rows


def test_a_confidence_that_is_met_has_no_calibration_error() -> None:
    told = reliability(said([0.75] * 4), np.array([7, 7, 7, 1]))
    assert told.error == pytest.approx(0, abs=1e-6)
    assert told.clips == (4,)


def test_a_confidence_that_is_never_met_is_all_error() -> None:
    assert reliability(said([0.9] * 5), np.full(5, 2)).error == pytest.approx(0.9)


def test_an_overconfident_net_is_cooled_and_hears_the_same() -> None:
    samples = Samples.of(clip_table(noise=1.5))
    model = fit(TINY, samples, seed=0).model
    fold_in(model, 0.1)
    hasty = probabilities(model, samples.vectors)
    others = Samples.of(clip_table(["gus", "hal"], noise=1.5))
    value = temperature(model, others)
    before = reliability(probabilities(model, others.vectors), others.digits)
    fold_in(model, value)
    after = reliability(probabilities(model, others.vectors), others.digits)
    calm = probabilities(model, samples.vectors)
    assert value > 1.5
    assert after.error < before.error
    np.testing.assert_array_equal(calm.argmax(axis=1), hasty.argmax(axis=1))


def test_too_few_clips_change_no_temperature() -> None:
    samples = Samples.of(clip_table(["ann"], takes=4))
    assert temperature(fit(TINY, samples, seed=0).model, samples) == 1.0


def test_a_threshold_lies_above_what_is_wrong() -> None:
    found = thresholds(
        said([0.65, 0.7, 0.8, 0.9]), np.array([7, 1, 7, 7]), precision=0.99, least=0.6
    )
    assert found[7].confidence == pytest.approx(0.7, abs=1e-5)
    assert found[7].confidence > np.float32(0.7)
    assert (found[7].kept.correct, found[7].kept.clips, found[7].heard) == (2, 2, 4)
    assert found[7].coverage == 0.5


def test_a_lower_precision_costs_less_coverage() -> None:
    found = thresholds(
        said([0.65, 0.7, 0.8, 0.9]), np.array([7, 1, 7, 7]), precision=0.75, least=0.6
    )
    assert found[7].confidence == 0.6
    assert found[7].coverage == 1


def test_no_threshold_is_below_the_least_nor_above_one() -> None:
    found = thresholds(said([0.5, 1.0]), np.array([7, 1]), precision=0.99, least=0.6)
    assert [each.confidence for each in found[:7]] == [0.6] * 7
    assert found[7].confidence <= 1
