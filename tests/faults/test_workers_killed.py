"""Workers killed at every point of a batch."""

from __future__ import annotations

import os
import signal

import pytest

from earmark.clips import State
from tests.faults.scene import Scene, children, kill_child, lives, names
from tests.household import wait_until


def test_1_a_child_killed_in_mid_batch_loses_nothing(scene: Scene) -> None:
    with scene.producer(), scene.worker() as worker:
        clips = scene.drop("hold-0.wav", *names("mate", 5))
        scene.wait_until_held()
        with scene.recovery("1 child of a worker killed in mid-batch"):
            kill_child(worker)

        assert all(scene.state(clip) is State.LABELLED for clip in clips)


def test_2_a_parent_killed_in_mid_batch_loses_nothing_and_leaves_no_orphan(scene: Scene) -> None:
    with scene.producer(), scene.worker() as first:
        scene.drop("hold-0.wav", *names("mate", 5))
        scene.wait_until_held()
        orphans = children(first.process.pid)
        with scene.worker(), scene.recovery("2 parent of a worker killed in mid-batch"):
            os.kill(first.process.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(lives, orphans)), "no orphan")


def test_3_a_message_that_died_with_its_worker_is_sent_again(scene: Scene) -> None:
    with scene.producer(), scene.worker() as worker:
        for process in (worker.process.pid, *children(worker.process.pid)):
            os.kill(process, signal.SIGSTOP)
        scene.drop("a.wav")
        wait_until(lambda: scene.state("a.wav") is State.QUEUED, "queued")
        wait_until(lambda: scene.waiting() == 0, "the message popped")
        worker.process.kill()
        assert scene.unacked() == 0
        with scene.worker(), scene.recovery("3 message popped, worker killed before it knew"):
            pass


@pytest.mark.long
def test_4_a_worker_killed_between_writing_and_acknowledging_leaves_the_same(scene: Scene) -> None:
    with scene.worker() as worker:
        clips = scene.drop("after-0.wav", "b.wav")
        scene.send(*clips)
        scene.wait_until_held()
        before = scene.store.clips.records(clips)
        with scene.recovery("4 killed between writing and acknowledging"):
            kill_child(worker)
            wait_until(lambda: scene.unacked() + scene.waiting() == 0, "acknowledged at last")

        assert scene.store.clips.records(clips) == before


@pytest.mark.long
def test_12_a_batch_that_takes_longer_than_its_lease_has_one_effect(scene: Scene) -> None:
    with scene.producer(), scene.worker(), scene.worker():
        clips = scene.drop("hold-0.wav", "b.wav")
        scene.wait_until_held()
        with scene.recovery("12 batch longer than its lease, taken over"):
            pass
        before = scene.store.clips.records(clips)
        scene.go()
        wait_until(lambda: scene.unacked() == 0, "the late one done")

        assert scene.store.clips.records(clips) == before
        scene.wait_until_kept()


@pytest.mark.long
def test_a_copy_of_a_message_takes_no_clip_out_of_a_workers_hands(scene: Scene) -> None:
    scene.house = scene.house.with_settings(lease_seconds=30)
    with scene.worker(), scene.worker():
        scene.drop("hold-0.wav")
        for _ in range(5):
            scene.send("hold-0.wav")
        scene.wait_until_held()
        wait_until(lambda: scene.waiting() == 0 and scene.unacked() == 1, "the copies done")
        assert scene.state("hold-0.wav") is State.QUEUED
        scene.go()

        scene.wait_until_kept()
        assert scene.state("hold-0.wav") is State.LABELLED


@pytest.mark.long
def test_13_a_worker_that_is_told_to_stop_leaves_nothing_unacknowledged(scene: Scene) -> None:
    for number in (signal.SIGTERM, signal.SIGQUIT):
        with scene.producer(), scene.worker() as worker:
            scene.drop(*names(f"load-{number.name}", 200))
            wait_until(lambda: scene.unacked() or scene.waiting(), "load")
            worker.process.send_signal(number)
            assert worker.process.wait(30) == 0
            assert scene.unacked() == 0
            with scene.worker(), scene.recovery(f"13 {number.name} under load"):
                pass


@pytest.mark.long
def test_22_two_workers_share_the_clips_and_the_second_hosts_model_comes_by_the_store(
    scene: Scene,
) -> None:
    elsewhere = scene.house.home / "models-of-another-host"
    with scene.producer(), scene.worker(), scene.worker(models=elsewhere):
        clips = scene.drop("hold-0.wav", *names("clip", 100))
        scene.wait_until_held()
        wait_until(lambda: scene.store.clips.counts()[State.LABELLED] >= 64, "the other one's work")
        scene.go()
        scene.wait_until_kept()

        workers = {
            event.fields["by"]
            for event in scene.store.events.events("0", 0.001)
            if event.kind == "clips"
        }
        assert len(workers) == 2
        assert all(record and record.model for record in scene.store.clips.records(clips))
