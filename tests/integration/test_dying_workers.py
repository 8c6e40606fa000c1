"""Worker processes that are stopped, killed, or poisoned by what they open."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.clips import Record, State
from earmark.messaging.messages import BULK, LIVE
from earmark.messaging.sender import Sender
from earmark.store import Store, keys
from tests.household import Household, Running, children_of, queue, wait_until
from tests.wavs import drop, wav


@pytest.fixture
def poisoned(house: Household, store: Store) -> Iterator[Running]:
    """A worker that `poison-kill.wav` kills."""
    command = [sys.executable, "-m", "celery", "-A", "tests.poisoned_worker", "worker"]
    here = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "REMAP_SIGTERM": "SIGQUIT"}
    home = Household(house.home, {**house.environ, **here}).with_settings(lease_seconds=2)
    with home.running_command([*command, "--without-mingle", "--loglevel", "INFO"]) as process:
        process.wait_until_it_says("ready.")
        yield process


def test_poison_fails_after_three_strikes_and_its_mates_are_labelled(
    house: Household, store: Store, sender: Sender, poisoned: Running
) -> None:
    poison = "poison-kill.wav"
    mates = ["mate-1.wav", "mate-2.wav"]
    mixed = [mates[0], poison, mates[1]]
    for name in mixed:
        drop(house.inbox / name)

    batch = queue(house, store, sender, *mixed)

    def settled() -> dict[str, Record]:
        found = [record for record in store.clips.records(mixed) if record]
        if all(record.state.done for record in found):
            return {record.path: record for record in found}
        if not any(sender.depths().values()) and not unacknowledged(store):
            sender.label(batch, BULK)  # as the producer does when a lease has run out
        return {}

    records = wait_until(settled, lambda: f"all done, but {store.clips.counts()}", seconds=60)
    assert {records[name].state for name in mates} == {State.LABELLED}
    assert records[poison].reason == "poison: the worker died each time that it opened this clip"
    assert poisoned.process.poll() is None


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand(
    house: Household, store: Store, sender: Sender
) -> None:
    names = [
        drop(house.inbox / f"{number:03}.wav", wav(hertz=300 + number, seconds=2)).name
        for number in range(64)
    ]
    with house.running("worker") as worker:
        worker.wait_until_it_says("ready.")
        queue(house, store, sender, *names)
        wait_until(lambda: store.connection.hlen(keys.STRIKES), "a batch in hand")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(20) == 0

    assert store.clips.counts()[State.LABELLED] == 64 or sender.depths()[LIVE] == 1
    assert unacknowledged(store) == 0


def test_a_worker_that_has_stopped_is_not_counted_as_alive(house: Household, store: Store) -> None:
    with house.running("worker") as worker:
        worker.wait_until_it_says("ready.")
        wait_until(lambda: store.heartbeats.alive(time.time()), "a sign of life")

    assert store.heartbeats.alive(time.time()) == {}


def test_a_killed_worker_leaves_no_children(house: Household, store: Store) -> None:
    if sys.platform != "linux":
        pytest.skip("children are found in /proc")
    with house.running("worker") as worker:
        worker.wait_until_it_says("ready.")
        children = children_of(worker.process.pid)
        assert children

        worker.process.kill()

        wait_until(lambda: not any(map(is_alive, children)), "the children's end")


def is_alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def unacknowledged(store: Store) -> int:
    return int(store.connection.hlen("earmark:celery:unacked"))
