"""Recipes and fits: the notebook's to the letter, and the same call gives the same net."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from earmark.errors import TrainingError
from earmark.frontends import MfccTime
from tests.clip_tables import TINY, clip_table
from trainer.data.samples import Samples
from trainer.net.architecture import answering, build
from trainer.net.fit import Epoch, compiled, everything, fit, probabilities
from trainer.net.tensorflow import keras
from trainer.recipes import NOTEBOOK, RECIPES, TIME, recipe


@pytest.fixture(scope="module")
def samples() -> Samples:
    return Samples.of(clip_table(["ann", "ben"]))


@pytest.fixture(scope="module")
def others() -> Samples:
    return Samples.of(clip_table(["cem"], noise=2.0))


def test_the_notebooks_net_has_the_notebooks_parameters_and_nothing_before_them(
    samples: Samples,
) -> None:
    model = build(NOTEBOOK, samples.vectors, seed=0)
    assert model.count_params() == 25_310
    assert [layer.units for layer in model.layers] == [100, 100, 100, 10]
    assert [layer.activation.__name__ for layer in model.layers] == [*["relu"] * 3, "softmax"]


def moments(clips: int = 20) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 1, (clips, 240)).astype(np.float32)


def logits(answers: NDArray[np.float32]) -> NDArray[np.float32]:
    logarithms = np.log(answers)
    return np.asarray(logarithms - logarithms.mean(axis=-1, keepdims=True))


def test_branches_answer_by_the_mean_of_their_logits() -> None:
    vectors, several = moments(), replace(TIME, throats=())
    trained = build(several, vectors, seed=0)

    each = everything(trained, vectors)
    together = everything(answering(several, trained, vectors), vectors)

    assert each.shape == (20, 3, 11)
    assert np.abs(each[:, 0] - each[:, 1]).max() > 1e-3
    np.testing.assert_allclose(logits(together), logits(each).mean(axis=1), atol=1e-5)


@pytest.mark.parametrize("branches", [1, 3])
def test_a_clip_is_heard_through_all_throats(branches: int) -> None:
    vectors, one = moments(), replace(TIME, branches=branches, throats=())
    through = replace(one, throats=(0.9, 1.0))
    trained = build(one, vectors, seed=0)

    other = (vectors.reshape(-1, 10) @ MfccTime().throat(0.9)).reshape(-1, 240)
    alone = answering(one, trained, vectors)
    together = everything(answering(through, trained, vectors), vectors)

    expected = (logits(everything(alone, vectors)) + logits(everything(alone, other))) / 2
    np.testing.assert_allclose(logits(together), expected, atol=1e-4)


def test_the_notebooks_training_is_the_notebooks(samples: Samples) -> None:
    model = compiled(NOTEBOOK, samples, seed=0)
    defaults = keras().optimizers.Adam(name=model.optimizer.name).get_config()
    assert type(model.optimizer).__name__ == "Adam"
    assert model.optimizer.get_config() == defaults
    assert model.loss == "sparse_categorical_crossentropy"
    assert (NOTEBOOK.epochs, NOTEBOOK.batch_size, NOTEBOOK.front_end) == (100, 32, "mfcc-mean")


def test_the_notebook_keeps_its_last_epoch_though_an_earlier_one_validates_better(
    samples: Samples, others: Samples
) -> None:
    fitted = fit(replace(NOTEBOOK, epochs=6), samples, others, seed=0)
    assert NOTEBOOK.validation_share == 0
    assert fitted.history.kept == 6
    heard = probabilities(fitted.model, samples.vectors)
    last = -np.log(heard[np.arange(len(samples)), samples.digits]).mean()
    assert last < fitted.history.loss[0]


def test_the_best_epoch_is_kept_where_the_recipe_says_so(samples: Samples, others: Samples) -> None:
    eager = replace(TINY, learning_rate=0.3)
    fitted = fit(eager, samples, others, seed=0)
    kept, _ = fitted.model.evaluate(others.vectors, others.digits, verbose=0)
    assert fitted.history.kept < eager.epochs
    assert kept == pytest.approx(min(fitted.history.val_loss), rel=1e-3)


def test_without_a_validation_part_the_last_epoch_is_kept(samples: Samples) -> None:
    fitted = fit(TINY, samples, Samples.of(clip_table().iloc[:0]), seed=0)
    assert fitted.history.kept == TINY.epochs
    assert fitted.history.val_loss == ()


def test_the_same_seed_gives_the_same_net_and_another_seed_another(samples: Samples) -> None:
    smoothed = replace(TINY, dropout=0.2, label_smoothing=0.1, schedule="cosine", epochs=3)
    one, same, other = (
        probabilities(fit(smoothed, samples, seed=seed).model, samples.vectors)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


def test_every_epoch_is_reported(samples: Samples, others: Samples) -> None:
    reports: list[Epoch] = []
    fitted = fit(TINY, samples, others, seed=0, progress=reports.append)
    assert [report.epoch for report in reports] == list(range(1, TINY.epochs + 1))
    assert {report.epochs for report in reports} == {TINY.epochs}
    assert tuple(report.val_loss for report in reports) == fitted.history.val_loss


def test_a_constant_input_is_not_blown_up(samples: Samples) -> None:
    vectors = samples.vectors.copy()
    vectors[:, 39] = 5.0
    fitted = fit(replace(TINY, epochs=2), Samples(vectors, samples.digits), seed=0)
    moved = vectors + np.float32(1e-3)
    assert np.abs(probabilities(fitted.model, moved)).max() <= 1
    np.testing.assert_allclose(
        probabilities(fitted.model, moved), probabilities(fitted.model, vectors), atol=0.01
    )


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_learns_clips_that_are_easy_to_tell_apart(name: str) -> None:
    many, few = Samples.of(clip_table(takes=10)), Samples.of(clip_table(["gil"]))
    # The vectors have no moments, so no throat can change them.
    fitted = fit(replace(recipe(name), epochs=15, throats=()), many, few, seed=0)
    heard = probabilities(fitted.model, few.vectors).argmax(axis=1)
    assert (heard == few.digits).mean() > 0.9


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match="no recipe 'cake'; there are: notebook, scaled"):
        recipe("cake")
