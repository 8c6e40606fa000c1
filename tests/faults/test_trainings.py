"""Trainings asked for by several, at once, and of a trainer that was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from earmark.messaging.messages import TRAIN, TRAINING
from earmark.messaging.sender import Sender
from earmark.services.processes import ServiceName
from earmark.store import keys
from earmark.store.training_state import LOCK_SECONDS
from tests.faults.dying_trainer import HOLD
from tests.faults.scene import Scene, celery, started
from tests.faults.test_models import DRIVER
from tests.household import Running, earmark, wait_until

SPEAKERS = ("george", "jackson", "nicolas", "theo")


@contextmanager
def scheduler(scene: Scene, name: str) -> Iterator[Running]:
    """A scheduler as on a host of its own: with the same store and another data folder."""
    house = scene.house.with_settings(
        data=scene.house.home / name,
        redis_url=scene.house.settings.store_url,
        retrain_cron="* * * * *",
    )
    beat = (sys.executable, "-m", "celery", "-A", "trainer.app", "beat", "--pidfile=")
    with started(house, *beat, "--loglevel", "INFO") as process:
        process.wait_until_it_says("beat: Starting")
        yield process


@contextmanager
def trainer(scene: Scene, name: str) -> Iterator[Running]:
    """A real trainer with a quick recipe, whose gate lets modest models through."""
    house = scene.house.with_settings(recipe="scaled", floor=0.3, synthetic_voices=0)
    with started(house, *celery("trainer.app", "-n", f"{name}@here")) as process:
        process.wait_until_it_says("ready.")
        yield process


def asked_for(scene: Scene) -> int:
    """How many trainings wait in the queue."""
    waiting: Any = scene.store.connection.lrange(f"earmark:celery:{TRAINING}", 0, -1)
    return [json.loads(each)["headers"]["task"] for each in waiting].count(TRAIN)


def endings(scene: Scene) -> list[str]:
    """How every training ended."""
    told = scene.store.events.events("0", 0.001)
    return [event.fields["result"]["outcome"] for event in told if event.kind == "training"]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_17_two_schedulers_and_two_trainers_train_once(
    scene: Scene, recordings: Path | None
) -> None:
    if recordings is None:
        pytest.skip("real recordings are needed to train on")
    for speaker, digit, take in product(SPEAKERS, range(10), range(3)):
        name = f"{digit}_{speaker}_{take}.wav"
        shutil.copy(recordings / name, scene.house.inbox / name)
    with scene.producer(), scene.worker():
        scene.wait_until_kept()
    with scheduler(scene, "one"), scheduler(scene, "two"):
        wait_until(lambda: asked_for(scene) == 2, "the next full minute", seconds=90)

    with trainer(scene, "first"), trainer(scene, "second"):
        wait_until(lambda: len(endings(scene)) == 2, "both answers", seconds=120)

    busy_or_nothing_new = [each for each in endings(scene) if each in ("failed", "unchanged")]
    assert len(busy_or_nothing_new) == 1, endings(scene)


def test_whoever_waits_for_a_training_waits_for_the_one_that_was_asked_for(scene: Scene) -> None:
    sender = Sender(scene.house.settings)
    sender.train(recipe="of-another", force=False, asked_by="another")
    scene.store.heartbeats.sign_of_life(f"{ServiceName.TRAINER}@elsewhere:1", time.time())
    with started(scene.house, *earmark("train", "--wait", "--recipe", "notebook")) as waiting:
        wait_until(lambda: asked_for(scene) == 2, "both asked for")
        with started(scene.house, *celery("trainer.app")):
            assert waiting.process.wait(60) == 1

    assert "there are 0 clips whose digit is known" in waiting.output
    assert "of-another" not in waiting.output
    sender.close()


def test_20_the_lock_of_a_killed_trainer_runs_out_by_itself(scene: Scene) -> None:
    with started(scene.house, *DRIVER, HOLD) as killed:
        scene.wait_until_held()
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.process.wait(10)

    left_ms = scene.store.connection.pttl(keys.TRAINING_LOCK)
    assert 0 < int(left_ms) <= LOCK_SECONDS * 1000
    scene.store.connection.pexpire(keys.TRAINING_LOCK, 1)
    wait_until(lambda: not scene.store.connection.exists(keys.TRAINING_LOCK), "run out")
    with scene.store.training.training_lock() as lock:
        lock.renew()


@pytest.mark.long
def test_20_the_lock_of_a_long_training_is_kept(scene: Scene) -> None:
    left_ms: list[int] = []

    def renewed() -> bool:
        left_ms.append(int(scene.store.connection.pttl(keys.TRAINING_LOCK)))
        return left_ms[-1] > left_ms[max(len(left_ms) - 2, 0)]

    with started(scene.house, *DRIVER, HOLD) as trains:
        scene.wait_until_held()
        wait_until(renewed, "the lock renewed", seconds=LOCK_SECONDS)
        scene.go()
        assert trains.process.wait(30) == 0, trains.output
        assert trains.says("published")
