"""Trainings through the real queue, in a real trainer process, from made-up vectors."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest

from earmark.admin.request_training import Asked, follow
from earmark.clips import Record, Revision, State
from earmark.frontends import front_end
from earmark.messaging.sender import Sender
from earmark.model.registry import Registry
from earmark.store import Store, keys
from earmark.store.ledger import Settlement
from earmark.store.vectors import table
from earmark.truth import told_by_name
from tests.clip_tables import clip_table, vector
from tests.household import Household, Running, alive, children_of, wait_until
from tests.tiny_models import FIRST
from tests.wavs import drop
from trainer.recipes import RECIPES
from trainer.schedule import is_due
from trainer.service import Desk, load, run

FRONT_END = front_end("mfcc-mean")


@pytest.fixture(scope="module")
def trainer(house: Household) -> Iterator[Running]:
    """A real trainer process with a quick recipe, whose gate lets modest models through."""
    with house.with_settings(recipe="scaled", floor=0.3).running("trainer") as process:
        process.wait_until_it_says("ready.")
        yield process


@pytest.fixture
def desk(house: Household, store: Store, sender: Sender) -> Desk:
    settings = house.settings.model_copy(
        update={
            "redis_url": house.settings.store_url,
            "recipe": "scaled",
            "synthetic_voices": 0,
            "floor": 0.3,
            "retrain_after": 10,
        }
    )
    registry = Registry(house.models, shipped=house.home / "nothing")
    return Desk(settings, store, registry, sender, time.time)


def teach(store: Store, *, takes: int = 3, noise: float = 0.5) -> int:
    """Let the store know labelled clips with a truth, as if they had been dropped and heard."""
    rows = clip_table(takes=takes, noise=noise)
    names = rows["path"]
    records = [
        Record(
            path=name,
            revision=Revision(1, 1),
            state=State.LABELLED,
            digest=digest,
            noted_at=time.time(),
        ).told(told_by_name(name))
        for name, digest in zip(names, rows["digest"], strict=True)
    ]
    hear(store, records, list(rows["vector"]))
    return len(records)


def hear(store: Store, records: Sequence[Record], vectors: Sequence[np.ndarray[Any, Any]]) -> None:
    noted = [record.but(state=State.PENDING, digest=None) for record in records]
    store.clips.note(noted, time.time() + 600)
    settled = [
        Settlement(*pair) for pair in zip(records, [b""] * len(records), vectors, strict=True)
    ]
    for start in range(0, len(settled), 500):
        store.clips.settle(settled[start : start + 500], table(FRONT_END), "test")


def train_and_wait(house: Household, store: Store, *options: str) -> CompletedProcess[str]:
    """`earmark train --wait`, once the emptied store knows again that a trainer lives."""
    wait_until(lambda: alive(store, "trainer"), "a sign of life")
    return house.run("train", "--wait", *options, seconds=110)


def unsure(store: Store, name: str, digit: int) -> None:
    """A clip without a truth that no model was sure of."""
    record = Record(path=name, revision=Revision(1, 1), state=State.UNSURE)
    hear(store, [record.but(digest="ab" * 16)], [vector(name, digit, 0.1)])


def wait_for_training(store: Store, after: str, *, seconds: float = 60) -> dict[str, Any]:
    """The result of the next training that ends."""
    found: list[dict[str, Any]] = []

    def ended() -> bool:
        events = store.events.events(after, 0.2)
        found.extend(event.fields["result"] for event in events if event.kind == "training")
        return bool(found)

    wait_until(ended, "the end of a training", seconds=seconds)
    return found[0]


def test_a_training_publishes_and_the_unsure_clips_are_labelled_anew(
    house: Household, store: Store, worker: Running, trainer: Running
) -> None:
    clips = teach(store)
    unsure(store, "memo.wav", 4)

    done = train_and_wait(house, store, "--json")

    result = json.loads(done.stdout)
    assert result["outcome"] == "published", result["reason"]
    assert (done.returncode, result["truths"]) == (0, clips)
    registry = Registry(house.models)
    assert registry.live() == result["version"] != FIRST
    live = store.board.live()
    assert live is not None
    assert live.version == result["version"]
    assert live.known_voices == result["metrics"]["known_voices"]["accuracy"]

    def relabelled() -> Record | None:
        [record] = store.clips.records(["memo.wav"])
        return record if record and record.model == result["version"] else None

    record = wait_until(relabelled, "a new label")
    assert record is not None
    assert record.label == 4

    again = train_and_wait(house, store, "--json")
    assert json.loads(again.stdout)["outcome"] == "unchanged"
    assert again.returncode == 0
    assert registry.live() == result["version"]


def test_too_few_clips_are_told_to_whoever_waits(
    house: Household, store: Store, trainer: Running
) -> None:
    done = train_and_wait(house, store)

    assert done.returncode == 1
    assert "there are 0 clips whose digit is known, and at least 40 are needed" in done.stdout


def test_a_recipe_that_the_trainer_does_not_know_is_told(
    store: Store, sender: Sender, trainer: Running
) -> None:
    after = store.events.newest_event()

    sender.train(recipe="of-a-newer-version", force=False, asked_by="test")

    result = wait_for_training(store, after)
    assert result["outcome"] == "failed"
    assert "there is no recipe 'of-a-newer-version'; there are: notebook" in result["reason"]


def test_nobody_waits_for_a_training_whose_process_was_killed(
    house: Household, store: Store, sender: Sender, trainer: Running
) -> None:
    if not Path("/proc").exists():
        pytest.skip("children are found in /proc")
    teach(store)
    after = store.events.newest_event()
    sender.train(recipe=None, force=True, asked_by="test")
    wait_until(store.training.training, "the beginning of a training", seconds=30)

    for child in children_of(trainer.process.pid):
        os.kill(child, signal.SIGKILL)

    result = wait_for_training(store, after)
    assert result["outcome"] == "failed"
    assert "cut off" in result["reason"]
    assert store.training.training() is None


def test_nobody_waits_for_a_training_whose_trainer_was_killed(
    house: Household, store: Store
) -> None:
    """A killed trainer tells nobody; what it told of its progress runs out."""
    asked = Asked(request="ours", after=store.events.newest_event())
    store.heartbeats.sign_of_life("trainer@here:1", time.time())
    store.training.tell_training({"step": "fitting", "epoch": 1, "epochs": 9, "request": "ours"})
    looks = count()

    def now() -> float:
        if next(looks) == 1:
            store.connection.delete(keys.TRAINING)
        return time.time()

    result = follow(store, asked, now)

    assert result["outcome"] == "failed"
    assert "ask for it again" in result["reason"]


def test_a_refused_challenger_leaves_the_champion(desk: Desk) -> None:
    teach(desk.store, noise=30.0)
    strict = replace(desk, settings=desk.settings.model_copy(update={"floor": 0.99}))

    result = run(strict, recipe=None, force=False)

    assert result["outcome"] == "refused"
    assert "below the floor of 0.99" in result["reason"]
    assert desk.registry.versions() == [FIRST]
    assert desk.store.training.last_training() == result


@pytest.mark.parametrize("recipe", RECIPES)
def test_nothing_is_trained_on_an_empty_store_without_synthetic_voices(
    desk: Desk, recipe: str
) -> None:
    result = run(desk, recipe=recipe, force=False)

    assert result["outcome"] == "failed"
    assert "there are 0 clips whose digit is known" in result["reason"]


def test_two_trainings_at_once_make_one_publication(desk: Desk) -> None:
    teach(desk.store)
    results: list[Any] = []
    with desk.store.training.training_lock():
        other = threading.Thread(target=lambda: results.append(run(desk, recipe=None, force=False)))
        other.start()
        other.join(30)

    assert results == [
        {"outcome": "failed", "reason": "another training is under way; one runs at a time"}
    ]
    assert desk.registry.versions() == [FIRST]
    assert desk.store.training.last_training() is None


def test_a_training_that_lost_its_right_publishes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(desk.store)
    told = desk.store.training.tell_training

    def lose_the_lock(progress: dict[str, Any]) -> None:
        desk.store.connection.delete(keys.TRAINING_LOCK)
        told(progress)

    monkeypatch.setattr(desk.store.training, "tell_training", lose_the_lock)

    result = run(desk, recipe=None, force=False)

    assert result["outcome"] == "failed"
    assert "ran out" in result["reason"]
    assert desk.registry.versions() == [FIRST]


def test_a_training_is_due_when_enough_truths_have_come(desk: Desk) -> None:
    assert not is_due(desk.store, desk.settings.retrain_after)
    clips = teach(desk.store)
    assert is_due(desk.store, desk.settings.retrain_after)

    desk.store.training.end_training({"outcome": "refused", "reason": "", "truths": clips - 9})
    assert not is_due(desk.store, desk.settings.retrain_after)
    desk.store.training.end_training({"outcome": "refused", "reason": "", "truths": clips - 10})
    assert is_due(desk.store, desk.settings.retrain_after)


def test_vectors_that_the_store_lacks_are_extracted_from_the_inbox(
    house: Household, desk: Desk
) -> None:
    drop(house.inbox / "7_theo_1.wav")
    record = Record(path="7_theo_1.wav", revision=Revision(1, 1), state=State.LABELLED, truth=7)
    digest = _digest_of(house.inbox / "7_theo_1.wav")
    desk.store.clips.note([record.but(state=State.PENDING)], time.time() + 60)
    desk.store.clips.settle([Settlement(record.but(digest=digest))], table(FRONT_END), "test")

    rows = load(desk, FRONT_END)

    assert list(rows["path"]) == ["7_theo_1.wav"]
    assert desk.store.vectors.count(FRONT_END) == 1


def test_the_live_model_is_announced_when_a_trainer_starts(house: Household, store: Store) -> None:
    assert store.board.live() is None

    with house.running("trainer") as process:
        process.wait_until_it_says("ready.")
        live = wait_until(store.board.live, "an announcement")

    assert live.version == FIRST


def test_the_scheduler_shows_that_it_lives(house: Household, store: Store) -> None:
    with house.running("scheduler") as process:
        wait_until(
            lambda: alive(store, "scheduler"), lambda: f"a sign of life; it said {process.output}"
        )

        assert list(house.settings.data.glob("schedule*"))


def _digest_of(file: Path) -> str:
    return blake2b(file.read_bytes(), digest_size=16).hexdigest()
