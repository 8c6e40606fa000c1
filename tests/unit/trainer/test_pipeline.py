"""One training: what is published, what is not, and what stands in the published folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from earmark.datasets.table import matrix
from earmark.errors import ModelError, NotEnoughClips, TrainingBusy, TrainingError
from earmark.frontends import front_end
from earmark.model.artifact import LITERT, Announcement
from earmark.model.classifier import Classifier
from earmark.model.registry import KERAS, Registry
from earmark.model.version_folders import CARD
from tests.clip_tables import TINY, clip_table
from trainer.data.splits import Side, split
from trainer.evaluate.challenger import Terms
from trainer.net.fit import probabilities
from trainer.net.tensorflow import keras
from trainer.pipeline import PUBLISHED, REFUSED, UNCHANGED, Result, train
from trainer.publish import model_card

NOON = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
TERMS = Terms(source="Made-up clips for tests, in the public domain.")

NOISE = clip_table(noise=50.0)

Train = Callable[..., Result]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty one."""
    return Registry(tmp_path / "models", shipped=tmp_path / "none")


@pytest.fixture
def retrain(registry: Registry) -> Train:
    """Trains on easy clips unless told otherwise, each time a minute later."""
    clock = iter(NOON + timedelta(minutes=minute) for minute in range(1, 100))

    def run(table: pd.DataFrame | None = None, **changes: Any) -> Result:
        given: dict[str, Any] = {"recipe": TINY, "terms": TERMS} | changes
        clips = clip_table() if table is None else table
        return train(clips, registry=registry, now=next(clock), **given)

    return run


def test_nothing_is_trained_for_a_folder_that_is_not_earmarks(tmp_path: Path) -> None:
    (tmp_path / "models/resnet").mkdir(parents=True)
    registry = Registry(tmp_path / "models", shipped=tmp_path / "none", chosen=False)

    with pytest.raises(ModelError, match="EARMARK_MODELS"):
        train(clip_table(), recipe=TINY, registry=registry, terms=TERMS, now=NOON)

    assert [path.name for path in (tmp_path / "models").iterdir()] == ["resnet"]


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Registry, Result]:
    """A registry with one model, trained at noon on easy clips by six speakers."""
    folder = tmp_path_factory.mktemp("published")
    published = Registry(folder, shipped=folder)
    return published, train(clip_table(), recipe=TINY, registry=published, terms=TERMS, now=NOON)


@pytest.fixture(scope="module")
def published(training: tuple[Registry, Result]) -> Registry:
    return training[0]


@pytest.fixture
def first(training: tuple[Registry, Result], registry: Registry) -> Result:
    """The result of a training whose model is the live one of this test's registry."""
    shutil.copytree(training[0].folder, registry.folder)
    return training[1]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The result of a training that learnt nothing from noise."""
    nowhere = Registry(tmp_path_factory.mktemp("refused"), shipped=tmp_path_factory.mktemp("none"))
    return train(NOISE, recipe=TINY, registry=nowhere, terms=TERMS, now=NOON)


@pytest.fixture(scope="module")
def card(published: Registry) -> dict[str, Any]:
    return published.card(published.live())


def test_a_training_publishes_the_model_and_makes_it_live(
    training: tuple[Registry, Result],
) -> None:
    registry, result = training
    assert result.outcome == PUBLISHED
    assert result.version == registry.live()
    assert str(result.version).startswith("20261101-120000-")
    assert result.reason.startswith("published: ")
    assert "first model" in result.reason


def test_the_published_folder_is_whole(published: Registry) -> None:
    names = {path.name for path in published.path(published.live()).iterdir()}
    assert names == {
        CARD,
        KERAS,
        LITERT,
        "MODEL_CARD.md",
        "trained_on.npy",
        "learning_curves.png",
        "confusion_known_voices.png",
        "confusion_new_voices.png",
    }
    assert not list(published.folder.glob(".staging*"))


def test_keras_and_litert_agree_on_every_clip(published: Registry) -> None:
    vectors = matrix(clip_table())
    saved = keras().saving.load_model(published.keras(published.live()))
    workers = Classifier(published.artefact(published.live()))
    np.testing.assert_allclose(
        workers.probabilities(vectors), probabilities(saved, vectors), atol=1e-4
    )


def test_the_model_knows_which_clips_it_was_trained_on(published: Registry) -> None:
    classifier = Classifier(published.artefact(published.live()))
    sides = split(clip_table(), earlier={}, validation_share=TINY.validation_share)
    for side in Side:
        expected = side in (Side.TRAIN, Side.VALIDATION)
        assert {classifier.was_trained_on(each) for each in sides.of(side)["digest"]} == {expected}


def test_the_card_tells_a_worker_what_it_must_know(card: dict[str, Any]) -> None:
    announcement = Announcement.of_card(card)
    assert announcement.front_end == "mfcc-mean"
    assert announcement.fingerprint == front_end("mfcc-mean").fingerprint
    assert announcement.thresholds == (TERMS.confidence,) * 10


def test_the_card_tells_how_the_model_came_about(card: dict[str, Any]) -> None:
    assert card["created_at"] == "2026-11-01T12:00:00+00:00"
    assert card["recipe"]["name"] == "tiny"
    assert card["data"]["clips"] == 300
    assert card["data"]["speakers"] == 6
    assert card["data"]["digits"] == {str(digit): 30 for digit in range(10)}
    assert card["data"]["source"] == TERMS.source
    assert sum(card["splits"]["clips"].values()) == 300
    assert len(card["splits"]["new_voices"]) == 1
    assert len(card["splits"]["known_voices"]) == 5
    assert {"python", "tensorflow", "keras", "numpy"} <= set(card["versions"])
    assert len(card["history"]["loss"]) >= card["history"]["kept"]


@pytest.mark.parametrize("side", ["known_voices", "new_voices"])
def test_the_card_shows_both_accuracies_with_their_counts(card: dict[str, Any], side: str) -> None:
    metrics = card["metrics"][side]
    assert metrics["accuracy"] == pytest.approx(metrics["correct"] / metrics["clips"], abs=1e-4)
    assert metrics["interval"][0] <= metrics["accuracy"] <= metrics["interval"][1]
    assert np.sum(metrics["confusion"]) == metrics["clips"] == card["splits"]["clips"][side]
    assert sum(score["clips"] for score in metrics["per_speaker"].values()) == metrics["clips"]


def test_the_card_for_people_has_every_section_filled(published: Registry) -> None:
    text = (published.path(published.live()) / "MODEL_CARD.md").read_text()
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    assert {"What it is", "How good it is", "Limits", "Data", "How it was trained"} <= set(sections)
    assert all(len(body.strip()) > 20 for body in sections.values())
    assert TERMS.source in sections["Source and licence of the data"]
    assert "Total params" in sections["The net"]


def test_a_card_with_an_unfilled_section_stops_the_publication(
    retrain: Train, registry: Registry
) -> None:
    with pytest.raises(TrainingError, match="'Source and licence of the data' is empty"):
        retrain(terms=replace(TERMS, source=""))
    assert registry.versions() == []
    assert not list(registry.folder.glob(".staging*"))


def test_a_card_that_lacks_a_number_is_not_written(card: dict[str, Any]) -> None:
    gap = {name: value for name, value in card.items() if name != "seconds"}
    with pytest.raises(TrainingError, match="'How it was trained' lacks 'seconds'"):
        model_card.render(gap)


def test_the_same_clips_recipe_and_settings_are_not_trained_again(
    retrain: Train, registry: Registry, first: Result
) -> None:
    again = retrain(last=json.loads(json.dumps(first.as_json())))
    assert again.outcome == UNCHANGED
    assert again.version == first.version
    assert "nothing was trained" in again.reason
    assert registry.versions() == [first.version]


def test_a_refused_training_is_not_repeated_either(retrain: Train, refused: Result) -> None:
    again = retrain(NOISE, last=refused.as_json())
    later = retrain(NOISE, last=again.as_json())
    assert (refused.outcome, again.outcome, later.outcome) == (REFUSED, UNCHANGED, UNCHANGED)
    assert again.reason == later.reason


@pytest.mark.parametrize(
    "change",
    [
        {"table": NOISE.iloc[1:]},
        {"table": NOISE.assign(digit=9 - NOISE["digit"])},
        {"recipe": replace(TINY, epochs=TINY.epochs + 1)},
        {"terms": replace(TERMS, floor=0.7)},
        {"terms": replace(TERMS, always_train=("ann",))},
        {"force": True},
    ],
    ids=["the clips", "a truth", "the recipe", "the floor", "who always trains", "by force"],
)
def test_a_change_is_trained_on(retrain: Train, refused: Result, change: dict[str, Any]) -> None:
    result = retrain(**({"table": NOISE} | change), last=refused.as_json())
    assert result.outcome == REFUSED


def test_a_model_whose_folder_was_deleted_is_trained_anew(
    retrain: Train, registry: Registry, first: Result
) -> None:
    shutil.rmtree(registry.folder)
    assert retrain(last=first.as_json()).outcome == PUBLISHED


def test_a_net_that_learnt_nothing_is_refused_and_the_folder_stays_empty(
    retrain: Train, registry: Registry
) -> None:
    result = retrain(NOISE)
    assert result.outcome == REFUSED
    assert result.version is None
    assert "below the floor of 0.60" in result.reason
    assert registry.versions() == []


def test_a_worse_challenger_is_refused_and_the_live_model_stays(
    retrain: Train, registry: Registry, first: Result
) -> None:
    lazy = replace(TINY, epochs=1, learning_rate=0.0001)
    result = retrain(recipe=lazy, terms=replace(TERMS, floor=0))
    assert result.outcome == REFUSED
    assert "significantly worse" in result.reason
    assert registry.versions() == [registry.live()] == [first.version]


def test_a_second_model_is_compared_with_the_live_one_on_the_same_clips(
    retrain: Train, registry: Registry, first: Result
) -> None:
    second = retrain(clip_table(takes=6))
    assert second.outcome == PUBLISHED
    assert "the live model" in second.reason
    assert registry.versions() == [first.version, second.version]
    assert registry.live() == second.version


def test_speakers_keep_their_side_from_training_to_training(
    retrain: Train, registry: Registry, first: Result
) -> None:
    second = retrain(clip_table([f"voice{number}" for number in range(8)] + ["ann", "ben"]))
    held_out = {name for name, side in second.speakers.items() if side == "new_voices"}
    assert first.speakers.items() <= second.speakers.items()
    assert set(registry.card(str(second.version))["splits"]["new_voices"]) == held_out


def test_sides_of_a_refused_training_are_inherited_too(retrain: Train) -> None:
    four = retrain(clip_table(["ann", "ben", "cem", "dot"], noise=50.0))
    more = retrain(NOISE, last=four.as_json())
    assert four.outcome == REFUSED
    assert four.speakers.items() <= more.speakers.items()


def test_fewer_than_four_speakers_leave_the_new_voices_out_and_the_card_says_so(
    retrain: Train, registry: Registry
) -> None:
    result = retrain(clip_table(["ann", "ben"], takes=8))
    assert result.metrics["new_voices"] is None
    text = (registry.path(str(result.version)) / "MODEL_CARD.md").read_text()
    assert "fewer than four speakers" in text


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (clip_table().iloc[:0], "there are 0 clips whose digit is known, and at least 40"),
        (clip_table().iloc[:39], "there are 39 clips"),
        (clip_table(digits=[3], takes=20), "all 120 clips are of the digit 3"),
    ],
    ids=["none", "too few", "one digit"],
)
def test_too_few_clips_are_refused_in_plain_words(
    retrain: Train, table: pd.DataFrame, reason: str
) -> None:
    with pytest.raises(NotEnoughClips, match=reason):
        retrain(table)


def test_clips_of_held_out_speakers_alone_are_not_enough(retrain: Train, first: Result) -> None:
    (held_out,) = (name for name, side in first.speakers.items() if side == "new_voices")
    with pytest.raises(NotEnoughClips, match=f"EARMARK_ALWAYS_TRAIN={held_out}"):
        retrain(clip_table([held_out]))


def test_a_broken_live_model_is_told_and_stops_no_training(
    retrain: Train, registry: Registry, first: Result
) -> None:
    (registry.path(str(first.version)) / LITERT).write_bytes(b"broken")
    second = retrain(clip_table(takes=6))
    assert second.outcome == PUBLISHED
    assert "could not be compared" in second.reason


def test_a_lost_lock_stops_the_publication(retrain: Train, registry: Registry) -> None:
    def lost() -> None:
        raise TrainingBusy("another training holds the lock")

    with pytest.raises(TrainingBusy):
        retrain(before_publishing=lost)
    assert registry.versions() == []


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(
    retrain: Train, registry: Registry
) -> None:
    registry.folder.parent.mkdir(exist_ok=True)
    registry.folder.write_text("a file where the folder should be")
    with pytest.raises(TrainingError, match="cannot be written"):
        retrain()
