"""Why a label was given, which clips are like it, and how models did from day to day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from earmark.analysis.explain import Explanation, explain, nearest
from earmark.analysis.live_accuracy import by_day
from earmark.audio.decode import Limits
from earmark.audio.reader import record
from earmark.clips import Record, Revision, State
from earmark.model.classifier import Classifier
from earmark.model.registry import Registry
from earmark.model.version_folders import shipped_models
from tests import tiny_models
from tests.clip_tables import clip_table

Tone = Callable[..., Path]

LIMITS = Limits(1 << 20, 30.0)


@pytest.fixture(scope="module")
def explanation(tone: Tone, tmp_path_factory: pytest.TempPathFactory) -> Explanation:
    """Of what the shipped model hears in a whistle."""
    registry = Registry(shipped_models())
    classifier = Classifier(registry.artefact(registry.live()))
    sound = record(tone(tmp_path_factory.mktemp("clips") / "a.wav"), LIMITS).sound
    found = explain(classifier, classifier.front_end.extract([sound])[0])
    assert found is not None
    return found


def test_a_label_is_explained_moment_by_moment(explanation: Explanation) -> None:
    assert explanation.relevance.shape == explanation.picture.shape == (24, 10)
    assert np.abs(explanation.relevance).max() > 0
    first, last = explanation.moments
    assert 0 <= first < last <= 1


def test_no_part_is_worth_more_than_the_whole_label(explanation: Explanation) -> None:
    assert explanation.relevance.max() <= explanation.guess.confidence + 1e-3


def test_a_mean_over_time_has_no_moments_to_explain(published_models: Path) -> None:
    classifier = Classifier(Registry(published_models).artefact(tiny_models.FIRST))
    assert explain(classifier, np.zeros(40, np.float32)) is None


def test_the_nearest_clips_are_found_and_told_with_their_truth() -> None:
    table = clip_table(noise=0.2)
    [first, second] = nearest(table["vector"][11], table, count=2)
    assert (first.path, first.distance) == (table["path"][11], 0)
    assert second.digit == first.digit
    assert second.distance > 0


def test_an_empty_table_has_no_nearest_clips() -> None:
    assert nearest(np.zeros(40, np.float32), clip_table().iloc[:0]) == []


def labelled(path: str, hour: int, **told: object) -> Record:
    moment = datetime(2026, 11, 1, tzinfo=UTC).timestamp() + 3600 * hour
    given = {"label": 7, "truth": 7, "model": "m1", "blind": True} | told
    return Record(
        path=path,
        revision=Revision(1, 1),
        state=State.LABELLED,
        done_at=moment,
        **given,  # type: ignore[arg-type]
    )


def test_models_are_counted_apart_and_day_by_day() -> None:
    days = by_day(
        [
            labelled("a", 1),
            labelled("b", 2, truth=3),
            labelled("c", 30),
            labelled("d", 31, model="m2"),
            labelled("e", 3, blind=False),
            labelled("f", 4, truth=None),
        ],
        UTC,
    )
    assert [(day.date, day.model, day.clips, day.right) for day in days] == [
        ("2026-11-01", "m1", 2, 1),
        ("2026-11-02", "m1", 1, 1),
        ("2026-11-02", "m2", 1, 1),
    ]
    assert days[0].as_json()["accuracy"] == 0.5
