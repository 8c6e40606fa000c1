"""The net as the workers run it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import CorruptModel, FrontEndMismatch
from earmark.model.artifact import Artefact
from earmark.model.classifier import Classifier
from earmark.model.registry import Registry
from tests import tiny_models
from tests.tiny_models import FIRST

LOUD = np.zeros((1, 40), np.float32)
FAINT = np.full((1, 40), -700, np.float32)
SEEN = "00" * 15 + "07"


@pytest.fixture
def artefact(tmp_path: Path) -> Artefact:
    tiny_models.publish(tmp_path, FIRST, trained_on=[SEEN])
    return Registry(tmp_path).artefact(FIRST)


def test_a_batch_is_labelled_in_its_order(artefact: Artefact) -> None:
    guesses = Classifier(artefact).guess(np.concatenate([LOUD, FAINT, LOUD]))

    assert [guess.label for guess in guesses] == [7, 3, 7]
    assert all(guess.sure for guess in guesses)


def test_probabilities_are_shares_whatever_the_size_of_the_batch(artefact: Artefact) -> None:
    classifier = Classifier(artefact)

    for rows in (1, 64, 3, 1, 0):
        shares = classifier.probabilities(np.repeat(LOUD, rows, axis=0))
        assert shares.shape == (rows, 10)
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)


def test_the_three_likeliest_digits_stand_best_first(artefact: Artefact) -> None:
    classifier = Classifier(artefact)

    [guess] = classifier.guess(FAINT)

    shares = classifier.probabilities(FAINT)[0].astype(float)
    best = sorted(range(10), key=shares.__getitem__, reverse=True)[:3]
    assert guess.top == tuple((digit, round(shares[digit], 4)) for digit in best)
    assert (guess.label, guess.confidence) == guess.top[0]


def test_a_batch_mate_changes_no_label(artefact: Artefact) -> None:
    classifier = Classifier(artefact)

    [alone] = classifier.guess(FAINT)
    together = classifier.guess(np.concatenate([LOUD, FAINT]))

    assert together[1] == alone


def test_a_guess_below_the_threshold_is_not_sure(artefact: Artefact) -> None:
    announcement = replace(artefact.announcement, thresholds=(1.1,) * 10)
    doubting = replace(artefact, announcement=announcement)

    [guess] = Classifier(doubting).guess(LOUD)

    assert (guess.label, guess.sure) == (7, False)
    assert guess.top[0] == (7, guess.confidence)


def test_it_knows_what_it_was_trained_on(artefact: Artefact) -> None:
    classifier = Classifier(artefact)

    assert classifier.was_trained_on(SEEN)
    assert not classifier.was_trained_on("ff" * 16)


def test_vectors_of_another_front_end_are_refused(artefact: Artefact) -> None:
    with pytest.raises(FrontEndMismatch, match=r"eats vectors of 40 values .*\(1, 39\)"):
        Classifier(artefact).guess(np.zeros((1, 39), np.float32))


def test_a_model_of_another_fingerprint_is_refused(artefact: Artefact) -> None:
    other = replace(artefact, announcement=replace(artefact.announcement, fingerprint="0" * 16))

    with pytest.raises(FrontEndMismatch, match="run the same version of Earmark everywhere"):
        Classifier(other)


def test_a_model_of_an_unknown_front_end_is_refused(artefact: Artefact) -> None:
    other = replace(artefact, announcement=replace(artefact.announcement, front_end="spectro"))

    with pytest.raises(FrontEndMismatch, match="spectro"):
        Classifier(other)


@pytest.mark.parametrize("damage", [b"", b"no model at all", None])
def test_bytes_that_are_no_model_are_refused(artefact: Artefact, damage: bytes | None) -> None:
    litert = artefact.litert[:200] if damage is None else damage
    announcement = replace(artefact.announcement, litert_sha256=sha256(litert).hexdigest())

    with pytest.raises(CorruptModel, match=f"model {FIRST} is no LiteRT model"):
        Classifier(Artefact(announcement, litert, artefact.trained_on))
