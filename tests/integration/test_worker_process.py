"""A real worker process: queues, redelivery, models and memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from earmark.clips import Record, State
from earmark.messaging.messages import BULK, LIVE
from earmark.messaging.sender import Sender
from earmark.model.registry import Registry
from earmark.store import Store, keys
from tests import tiny_models
from tests.household import (
    Household,
    Running,
    alive,
    children_of,
    queue,
    wait_until,
    wait_until_done,
)
from tests.tiny_models import FIRST, SECOND, THIRD
from tests.wavs import drop, wav


def heard(house: Household, store: Store, sender: Sender, name: str, *data: bytes) -> Record:
    """Drop a clip, queue it, and wait until it is done."""
    drop(house.inbox / name, *data)
    queue(house, store, sender, name)
    [record] = wait_until_done(store, name)
    return record


def test_a_queued_batch_is_labelled(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    names = [drop(house.inbox / f"{number}.wav").name for number in range(3)]

    queue(house, store, sender, *names)

    records = wait_until_done(store, *names)
    assert {(each.state, each.label, each.model) for each in records} == {
        (State.LABELLED, 7, FIRST)
    }


def test_both_queues_are_served(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    for queue_name in (LIVE, BULK):
        drop(house.inbox / f"{queue_name}.wav")
        queue(house, store, sender, f"{queue_name}.wav", to=queue_name)

    wait_until_done(store, "live.wav", "bulk.wav")


def test_a_message_that_comes_twice_leaves_what_once_leaves(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    drop(house.inbox / "a.wav")
    batch = queue(house, store, sender, "a.wav")
    once = wait_until_done(store, "a.wav")

    sender.label(batch, LIVE)
    heard(house, store, sender, "mark.wav")

    assert store.clips.records(["a.wav"]) == once


def test_garbage_in_a_message_stops_nobody(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    for clips in ("nonsense", [["a.wav"]], [["a.wav", "new"]], {"a": 1}, None, [[1, 2]]):
        sender._send("worker.label", LIVE, clips)
    sender._send("worker.unknown", LIVE)
    drop(house.inbox / "a.wav")

    queue(house, store, sender, "a.wav")

    wait_until_done(store, "a.wav")


def test_a_worker_shows_that_it_lives(store: Store, worker: Running) -> None:
    assert wait_until(lambda: alive(store, "worker"), "a sign of life") == [worker.process.pid]


def test_no_tensorflow_is_in_the_process(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells what a process has loaded")
    heard(house, store, sender, "a.wav")

    loaded = [
        Path(f"/proc/{process}/maps").read_text()
        for process in (worker.process.pid, *children_of(worker.process.pid))
    ]

    assert any("litert" in libraries for libraries in loaded)
    assert not any("tensorflow" in libraries for libraries in loaded)


def test_the_next_clip_is_labelled_by_the_promoted_model_without_a_restart(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    before = heard(house, store, sender, "a.wav")
    tiny_models.publish(house.models, SECOND, loud=5)

    promoted = house.run("models", "promote", SECOND)

    assert promoted.returncode == 0, promoted.stderr
    after = heard(house, store, sender, "b.wav", wav(hertz=500))
    assert (before.label, before.model) == (7, FIRST)
    assert (after.label, after.model) == (5, SECOND)
    assert store.clips.records(["a.wav"]) == [before]


def test_a_corrupt_model_is_refused_in_the_log_and_the_old_one_labels(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    heard(house, store, sender, "a.wav")
    tiny_models.publish(house.models, SECOND, loud=5)
    store.board.announce(Registry(house.models).artefact(SECOND))
    store.connection.hset(keys.artefact(SECOND), "litert", b"junk")

    record = heard(house, store, sender, "b.wav", wav(hertz=500))
    assert (record.label, record.model) == (7, FIRST)
    assert worker.says(f"model {SECOND} is refused, {FIRST} stays")


def test_clips_that_are_asked_to_be_relabelled_are(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    heard(house, store, sender, "a.wav")
    tiny_models.publish(house.models, THIRD, loud=5)
    store.board.announce(Registry(house.models).artefact(THIRD))

    sender.relabel(["a.wav"])

    def relabelled() -> bool:
        [record] = store.clips.records(["a.wav"])
        return record is not None and (record.label, record.model) == (5, THIRD)

    wait_until(relabelled, "the new model's label")
