"""Views, synthetic voices and other sounds: in the training side, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from earmark.audio.decode import Limits
from earmark.audio.reader import record
from earmark.datasets.table import from_folder
from earmark.errors import NotEnoughClips
from earmark.frontends import front_end
from earmark.model.classifier import Classifier
from earmark.model.registry import Registry
from tests.clip_tables import TINY, VOICES, clip_table
from trainer.augment.augmentation import Augmentation
from trainer.data.folds import By
from trainer.data.material import Material
from trainer.data.samples import OTHER, Samples, shown
from trainer.data.synthetic_voices import Additions, Synthesis
from trainer.evaluate.challenger import Terms
from trainer.net.fit import Epoch, everything, fit, probabilities
from trainer.offline import crossvalidate
from trainer.pipeline import PUBLISHED, REFUSED, train
from trainer.recipes import TIME

Tone = Callable[..., Path]

LIMITS = Limits(1 << 20, 30.0)
NOON = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
SMALL = replace(
    TIME,
    layers=(16,),
    epochs=2,
    batch_size=16,
    others=1,
    augmentation=Augmentation(clean=1, altered=1),
)


@pytest.fixture(scope="module")
def folder(tone: Tone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers who whistle every digit four times."""
    recordings = tmp_path_factory.mktemp("recordings")
    for pitch, speaker in enumerate(("ann", "ben")):
        for digit in range(10):
            for take in range(4):
                hertz = 200 + 150 * digit + 40 * pitch + take
                tone(recordings / f"{digit}_{speaker}_{take}.wav", hertz=hertz)
    return recordings


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return from_folder(folder, front_end("mfcc-time"), LIMITS)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return Material(folder=tmp_path_factory.mktemp("caches"), limits=LIMITS)


@pytest.fixture(scope="module")
def additions(material: Material) -> Additions:
    return material.additions(SMALL, voices=2)


def test_an_epoch_shows_each_clip_once_but_for_those_that_fill_no_batch() -> None:
    rows = shown(replace(SMALL, epochs=5), (50, 2), seed=0)
    assert rows.shape == (5 * 3, 16)
    for epoch in rows.reshape(5, -1) // 2:
        assert len(set(epoch.tolist())) == 48


def test_half_of_what_is_shown_is_clean() -> None:
    wide = replace(TIME, epochs=20)
    views = shown(wide, (1_000, 13), seed=0) % 13
    assert (views < 3).mean() == pytest.approx(0.5, abs=0.02)
    assert set(views.ravel().tolist()) == set(range(13))


def test_the_same_seed_shows_the_same_views_in_the_same_order() -> None:
    np.testing.assert_array_equal(shown(SMALL, (50, 2), seed=3), shown(SMALL, (50, 2), seed=3))
    assert (shown(SMALL, (50, 2), seed=3) != shown(SMALL, (50, 2), seed=4)).any()


def test_the_trainers_vectors_are_the_workers(material: Material, table: pd.DataFrame) -> None:
    samples = material.samples(SMALL, table)
    sounds = [record(Path(path), LIMITS).sound for path in table["path"]]
    np.testing.assert_allclose(samples.vectors, front_end("mfcc-time").extract(sounds), atol=1e-4)
    assert samples.views is not None
    np.testing.assert_allclose(samples.views[:, 0], samples.vectors, rtol=1e-3, atol=1e-2)


def test_vectors_of_another_front_end_come_from_the_recordings(
    material: Material, table: pd.DataFrame
) -> None:
    other = front_end("mfcc-mean")
    vectors, found = material.vectors(other, table)
    alone = other.extract([record(Path(table["path"][7]), LIMITS).sound])
    assert found.all()
    np.testing.assert_allclose(vectors[7], alone[0], atol=1e-3)


def test_clips_whose_recording_is_gone_are_not_compared(
    material: Material, table: pd.DataFrame
) -> None:
    lost = table.assign(path=["gone.wav", *table["path"][1:]])
    _, found = material.vectors(front_end("mfcc-mean"), lost)
    assert found.tolist() == [False] + [True] * (len(table) - 1)


def test_synthetic_voices_say_all_digits_and_other_sounds_say_none(additions: Additions) -> None:
    assert additions.voices is not None
    assert additions.others is not None
    assert np.bincount(additions.voices.digits).tolist() == [6] * 10
    assert set(additions.others.digits.tolist()) == {OTHER}
    assert additions.as_json()["voices"] == 2
    assert additions.remark == ""


def test_synthetic_voices_are_made_once(material: Material, additions: Additions) -> None:
    before = {path: path.stat().st_mtime_ns for path in material.folder.rglob("*.npz")}
    again = material.additions(SMALL, voices=2)
    assert {path: path.stat().st_mtime_ns for path in material.folder.rglob("*.npz")} == before
    assert again.voices is not None
    assert additions.voices is not None
    np.testing.assert_array_equal(again.voices.vectors, additions.voices.vectors)


def test_the_cache_keeps_only_what_was_asked_for_last(tmp_path: Path) -> None:
    synthesis = Synthesis(tmp_path)
    synthesis.additions(replace(SMALL, others=0), voices=2)
    two = synthesis.size_bytes
    synthesis.additions(replace(SMALL, others=0), voices=1)
    assert len(list(tmp_path.iterdir())) == 1
    assert 0 < synthesis.size_bytes < two


def test_no_synthetic_voice_is_made_when_they_are_switched_off(tmp_path: Path) -> None:
    made = Synthesis(tmp_path).additions(replace(SMALL, others=0), voices=0)
    assert (made.voices, made.remark) == (None, "")
    assert not list(tmp_path.iterdir())


def test_without_espeak_the_card_is_told_in_a_plain_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    made = Synthesis(tmp_path).additions(SMALL, voices=2)
    assert made.voices is None
    assert "no synthetic voices" in made.remark
    assert "earmark[samples]" in made.remark
    assert made.others is not None
    assert len(made.others) == 9


@pytest.mark.parametrize("by", [By.CLIP, By.SPEAKER])
def test_nothing_synthetic_and_no_view_is_validated_or_tested_on(
    material: Material, table: pd.DataFrame, additions: Additions, by: By
) -> None:
    samples = material.samples(SMALL, table)
    recorded = {row.tobytes() for row in samples.vectors}
    jobs = crossvalidate.jobs_of(table, SMALL, by, seed=0, samples=samples, additions=additions)
    for job in jobs:
        held = [job.validation, job.test]
        assert all(part.views is None for part in held)
        rows = [{row.tobytes() for row in part.vectors} for part in held]
        assert rows[0] | rows[1] <= recorded
        trained = {row.tobytes() for row in job.train.vectors}
        assert not trained & (rows[0] | rows[1])
        assert len(job.train) + sum(map(len, held)) == (
            len(table) + additions.clips + len(additions.others or ())
        )


def test_without_recordings_all_are_tested(table: pd.DataFrame, additions: Additions) -> None:
    (job,) = crossvalidate.jobs_of(table, SMALL, By.SYNTHETIC, seed=0, additions=additions)
    assert len(job.test) == len(table)
    assert len(job.validation) == 0
    assert len(job.train) == additions.clips + len(additions.others or ())


def test_a_net_that_knows_other_sounds_still_answers_with_ten_digits(
    material: Material, table: pd.DataFrame, additions: Additions
) -> None:
    samples = material.samples(SMALL, table).joined(additions.others)
    fitted = fit(SMALL, samples, seed=0)
    assert everything(fitted.model, samples.vectors).shape == (len(samples), 11)
    assert probabilities(fitted.model, samples.vectors).shape == (len(samples), 10)


def test_the_same_seed_gives_the_same_net_from_views(
    material: Material, table: pd.DataFrame
) -> None:
    samples = material.samples(SMALL, table)
    one, same, other = (
        probabilities(fit(SMALL, samples, seed=seed).model, samples.vectors) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-4


def test_an_empty_table_is_trained_from_synthetic_voices_alone(
    tmp_path: Path, material: Material
) -> None:
    registry = Registry(tmp_path / "models", shipped=tmp_path / "none")
    result = train(
        clip_table().iloc[:0],
        recipe=SMALL,
        registry=registry,
        terms=Terms(synthetic_voices=2),
        now=NOON,
        material=material,
    )
    card = registry.card(registry.live())
    assert result.outcome == PUBLISHED
    assert "synthetic voices alone" in result.reason
    assert "on real voices that it never heard" in result.reason
    assert card["metrics"] == {"known_voices": None, "new_voices": None}
    assert (card["data"]["clips"], card["data"]["synthetic"]["voices"]) == (0, 2)
    cached = [path for path in material.folder.rglob("*") if path.suffix in {".npz", ".views"}]
    assert result.cache_bytes == sum(path.stat().st_size for path in cached) > 0
    assert card["data"]["cache_bytes"] == result.cache_bytes
    assert not Classifier(registry.artefact(registry.live())).was_trained_on("0" * 32)


def test_synthetic_voices_alone_replace_no_model_that_heard_recordings(
    tmp_path: Path, material: Material
) -> None:
    registry = Registry(tmp_path / "models", shipped=tmp_path / "none")
    terms = Terms(synthetic_voices=2)
    first = train(clip_table(), recipe=TINY, registry=registry, terms=terms, now=NOON)
    last: dict[str, Any] = first.as_json()
    for _ in range(2):
        second = train(
            clip_table().iloc[:0],
            recipe=SMALL,
            registry=registry,
            terms=terms,
            now=NOON,
            last=last,
            material=material,
        )
        last = second.as_json()
        assert second.outcome == REFUSED
        assert "was trained on recordings: ingest clips" in second.reason
        assert second.speakers == first.speakers
    assert registry.live() == first.version


def test_what_can_only_be_refused_is_refused_before_any_voice_is_made(
    tmp_path: Path, material: Material
) -> None:
    registry = Registry(tmp_path / "models", shipped=tmp_path / "none")
    terms = Terms(synthetic_voices=2)
    train(clip_table(), recipe=TINY, registry=registry, terms=terms, now=NOON)
    empty = replace(material, folder=tmp_path / "untouched")
    started: list[Epoch] = []
    given: dict[str, Any] = {"registry": registry, "terms": terms, "now": NOON, "material": empty}

    refused = train(clip_table().iloc[:0], recipe=SMALL, progress=started.append, **given)
    held_out = {"speakers": dict.fromkeys(VOICES, "new_voices")}
    with pytest.raises(NotEnoughClips, match="left to train on"):
        train(clip_table(), recipe=SMALL, progress=started.append, last=held_out, **given)

    assert refused.outcome == REFUSED
    assert started == []
    assert not empty.folder.exists()


def test_a_live_model_of_another_front_end_is_compared_on_the_same_clips(
    tmp_path: Path, folder: Path, table: pd.DataFrame, material: Material
) -> None:
    registry = Registry(tmp_path / "models", shipped=tmp_path / "none")
    terms = Terms(floor=0)
    mean = from_folder(folder, front_end("mfcc-mean"), LIMITS)
    hour = NOON.replace(hour=13)
    train(mean, recipe=TINY, registry=registry, terms=terms, now=NOON, material=material)
    second = train(table, recipe=SMALL, registry=registry, terms=terms, now=hour, material=material)
    assert "the live model" in second.reason
    assert "was not compared" not in second.reason


def test_samples_with_and_without_views_join_as_they_are() -> None:
    plain = Samples(np.zeros((2, 3), np.float32), np.zeros(2, np.int64))
    viewed = Samples(plain.vectors, plain.digits, np.zeros((2, 4, 3), np.float16))
    assert plain.joined(viewed).views is None
    both = viewed.joined(viewed)
    assert both.views is not None
    assert both.views.shape == (4, 4, 3)
    assert viewed.joined(None) is viewed
