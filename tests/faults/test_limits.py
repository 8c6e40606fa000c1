"""The system's limits on listeners: the producer says what is wrong, and finds the clips anyway."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from earmark.clips import State
from tests.faults.scene import Scene, names, started
from tests.household import Running, wait_until

MENDING = "sysctl fs.inotify.max_user_watches"


@contextmanager
def limited_producer(scene: Scene, limit: str, most: int) -> Iterator[Running]:
    """A producer in a user namespace of its own, in which the system grants it only so much."""
    command = f"echo {most} > /proc/sys/user/{limit} && exec {sys.executable} -m producer"
    alone = (str(shutil.which("unshare")), "--user", "--map-root-user", "sh", "-c")
    if subprocess.run([*alone, f"echo 1 > /proc/sys/user/{limit}"], check=False).returncode:
        pytest.skip("this system lets nobody make a user namespace")
    with started(scene.house, *alone, command) as process:
        process.wait_until_it_says("watches")
        yield process


@pytest.mark.long
@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_an_inbox_that_may_not_be_listened_to_is_polled(scene: Scene, limit: str) -> None:
    for number in range(10):
        (scene.house.inbox / str(number)).mkdir()
    with limited_producer(scene, limit, 0) as producer, scene.worker():
        assert producer.says(MENDING)
        scene.drop("0/a.wav", "b.wav")
        scene.wait_until_kept()


def test_folders_that_come_when_the_listeners_are_used_up_are_found(scene: Scene) -> None:
    with limited_producer(scene, "max_inotify_watches", 5) as producer, scene.worker():
        scene.drop(*(f"{number}/clip.wav" for number in range(10)))
        producer.wait_until_it_says(MENDING)
        scene.wait_until_kept()
        scene.drop(*(f"{number}/later.wav" for number in range(20)), *names("top", 5))
        scene.wait_until_kept()
        assert scene.state("19/later.wav") is State.LABELLED
        wait_until(lambda: producer.process.poll() is None, "the producer lives")
