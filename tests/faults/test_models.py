"""Trainers killed, two of them at once, and models that change under the workers' hands."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from earmark.model.registry import Registry
from earmark.store import keys
from tests import tiny_models
from tests.faults.dying_trainer import HOLD, STEPS
from tests.faults.scene import Scene, names, started
from tests.tiny_models import FIRST, SECOND
from worker.live_model import RETRY_SECONDS, LiveModel

DRIVER = (sys.executable, "-m", "tests.faults.dying_trainer")
SOME_STEPS = ("within promoting",)


@pytest.mark.parametrize(
    "step",
    [step if step in SOME_STEPS else pytest.param(step, marks=pytest.mark.long) for step in STEPS],
)
def test_18_a_trainer_killed_at_any_step_leaves_a_model_that_serves(
    scene: Scene, step: str
) -> None:
    registry = Registry(scene.house.models)
    registry.promote(FIRST)
    with started(scene.house, *DRIVER, step) as trainer:
        assert trainer.process.wait(60) == 9, trainer.output

    live = registry.live()
    assert live in (FIRST, SECOND)
    assert registry.artefact(live).announcement.version == live
    with scene.producer(), scene.worker():
        [clip] = scene.drop("clip.wav")
        scene.wait_until_kept()
        [record] = scene.store.clips.records([clip])
        assert record is not None
        assert (record.model, record.label) in ((FIRST, 7), (SECOND, 5))


@pytest.mark.long
def test_18_what_a_killed_trainer_left_behind_hinders_no_later_publication(scene: Scene) -> None:
    registry = Registry(scene.house.models)
    for step in ("after staging", "after writing", "within promoting"):
        with started(scene.house, *DRIVER, step) as trainer:
            assert trainer.process.wait(60) == 9, trainer.output
        scene.store.connection.delete(keys.TRAINING_LOCK)
        if SECOND in registry.versions():
            (registry.folder / SECOND).rename(scene.house.home / "aside")
    with started(scene.house, *DRIVER, "never") as trainer:
        assert trainer.process.wait(60) == 9, trainer.output

    assert registry.live() == SECOND
    assert {path.name for path in registry.folder.iterdir()} <= {FIRST, SECOND, "live"} | {
        path.name for path in registry.folder.glob(".live-*")
    }


def test_17_of_two_trainers_one_publishes(scene: Scene) -> None:
    with started(scene.house, *DRIVER, HOLD) as first:
        scene.wait_until_held()
        with started(scene.house, *DRIVER, HOLD) as second:
            assert second.process.wait(60) == 0, second.output
            assert second.says("failed")
        scene.go()
        assert first.process.wait(60) == 0, first.output
        assert first.says("published")

    assert scene.store.board.live() == Registry(scene.house.models).announcement(SECOND)


def test_19_a_model_that_changes_in_mid_batch_leaves_one_version_on_each_clip(
    scene: Scene,
) -> None:
    with scene.producer(), scene.worker():
        clips = scene.drop("hold-0.wav", *names("clip", 30))
        scene.wait_until_held()
        tiny_models.publish(scene.house.models, SECOND, loud=5)
        registry = Registry(scene.house.models)
        registry.promote(SECOND)
        scene.store.board.announce(registry.artefact(SECOND))
        clips += scene.drop(*names("later", 30))
        scene.go()
        scene.wait_until_kept()

    heard = {FIRST: 7, SECOND: 5}
    records = [record for record in scene.store.clips.records(clips) if record]
    assert {record.model for record in records} == {FIRST, SECOND}
    assert all(record.label == heard[str(record.model)] for record in records)


def test_18_a_refused_model_is_taken_once_it_is_mended(scene: Scene) -> None:
    tiny_models.publish(scene.house.models, SECOND, loud=5)
    artefact = Registry(scene.house.models).artefact(SECOND)
    now = 100.0
    live = LiveModel(Registry(scene.house.models), scene.store, lambda: now)
    scene.store.board.announce(replace(artefact, litert=b"junk"))
    assert live.current() is None

    scene.store.board.announce(artefact)
    assert live.current() is None
    now += RETRY_SECONDS

    found = live.current()
    assert found is not None
    assert found.version == SECOND
