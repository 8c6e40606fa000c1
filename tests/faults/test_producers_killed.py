"""Producers killed between any two steps, and what happens to files under their hands."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from earmark.clips import State
from earmark.messaging.messages import BATCH_CLIPS, LIVE
from tests.faults.dying_producer import STEPS
from tests.faults.scene import Scene, names, started
from tests.household import queued_paths, wait_until
from tests.wavs import drop, wav


@pytest.mark.parametrize(
    "step",
    [
        step if step == "after the ledger" else pytest.param(step, marks=pytest.mark.long)
        for step in STEPS
    ],
)
def test_6_a_producer_killed_at_any_step_loses_nothing(scene: Scene, step: str) -> None:
    scene.drop(*names("clip", 3))
    with started(scene.house, sys.executable, "-m", "tests.faults.dying_producer", step) as dying:
        assert dying.process.wait(30) == 9
    with scene.producer(), scene.worker(), scene.recovery(f"6 producer killed {step}"):
        pass


def test_7_a_message_that_is_sent_twice_counts_once(scene: Scene) -> None:
    clips = scene.drop(*names("clip", 3))
    for _ in range(3):
        scene.send(*clips)
    assert len(queued_paths(scene.store, LIVE)) == 9
    with scene.producer(), scene.worker():
        wait_until(lambda: scene.waiting() + scene.unacked() == 0, "all messages done")
        scene.wait_until_kept()


def test_21_files_that_change_while_in_flight_are_labelled_as_they_are_now(scene: Scene) -> None:
    with scene.producer(), scene.worker():
        scene.drop("again-hold-0.wav", "hold-0.wav", "again-rewritten.wav", "old.wav", "gone.wav")
        scene.wait_until_held()
        inbox = scene.house.inbox
        drop(inbox / "again-rewritten.wav", wav(seconds=0.3))
        (inbox / "old.wav").rename(inbox / "new.wav")
        (inbox / "gone.wav").unlink()
        with scene.recovery("21 renamed, rewritten, deleted in flight"):
            scene.go()

        [new, rewritten] = scene.store.clips.records(["new.wav", "again-rewritten.wav"])
        assert new is not None
        assert rewritten is not None
        assert (new.state, rewritten.seconds) == (State.LABELLED, 0.3)
        for path in ("old.wav", "gone.wav"):
            [record] = scene.store.clips.records([path])
            assert record is None or record.gone


@pytest.mark.long
def test_23_files_whose_events_were_dropped_are_found(scene: Scene) -> None:
    scene.house = scene.house.with_settings(
        queue_limit=100_000, reconcile_seconds=3600, lease_seconds=600
    )
    with scene.producer() as producer:
        scene.drop("first.wav")
        wait_until(lambda: scene.state("first.wav") is State.QUEUED, "the first comparison over")
        os.kill(producer.process.pid, signal.SIGSTOP)
        for number in range(20_000):
            os.link(scene.house.inbox / "first.wav", scene.house.inbox / f"{number}.wav")
        os.kill(producer.process.pid, signal.SIGCONT)
        began = time.monotonic()

        producer.wait_until_it_says("the system dropped events")
        # The last few make no whole batch, and wait for workers to come.
        wait_until(
            lambda: scene.store.clips.unfinished() > 20_001 - BATCH_CLIPS, "all found", seconds=60
        )
        scene.recoveries["23 inotify overflows, 20,000 files found"] = time.monotonic() - began
