"""What Celery's own tools see: queues with names of their own, and workers nobody can command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue

from earmark.clips import State
from earmark.messaging.celery_app import configuration
from earmark.messaging.messages import BULK, LIVE, RELABEL, TRAINING
from earmark.messaging.sender import Sender
from earmark.services.processes import ServiceName, command
from earmark.store import Store
from tests.household import Household, Running, messages, queue, wait_until_done
from tests.wavs import drop

OLDER = ("worker", "--without-mingle", "--without-gossip", "--loglevel", "INFO")


def celery(house: Household, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "celery", "-A", "worker.app", *words],
        env=house.environ,
        cwd=house.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def older_worker(house: Household) -> Iterator[Running]:
    words = [sys.executable, "-m", "celery", "-A", "tests.older_worker", *OLDER, "-n", "older@%h"]
    here = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    at_home = replace(house, environ={**house.environ, **here})
    with at_home.running_command(words) as process:
        process.wait_until_it_says("ready.")
        yield process


@contextmanager
def broker(house: Household) -> Iterator[Any]:
    configured = configuration(house.settings, (LIVE, BULK))
    options = configured["broker_transport_options"]
    with Connection(configured["broker_url"], transport_options=options) as connection:
        yield connection.default_channel


def test_each_queue_has_an_exchange_and_a_key_of_its_own(house: Household) -> None:
    queues = configuration(house.settings, (LIVE, BULK, TRAINING))["task_queues"]

    assert [(each.name, each.exchange.name, each.routing_key) for each in queues] == [
        (name, name, name) for name in (LIVE, BULK, TRAINING)
    ]


def test_celery_lists_them(house: Household, store: Store) -> None:
    listed = celery(house, "list", "bindings")

    assert {tuple(line.split()) for line in listed.stdout.splitlines()} >= {
        (LIVE, LIVE, LIVE),
        (BULK, BULK, BULK),
    }


@pytest.mark.parametrize("name", [LIVE, BULK])
def test_a_message_comes_once_whatever_older_workers_have_declared(
    house: Household, store: Store, sender: Sender, name: str
) -> None:
    with broker(house) as channel:
        for each in (LIVE, BULK):
            Queue(each, Exchange(BULK), routing_key=BULK)(channel).declare()
            Queue(each, Exchange(each), routing_key=each)(channel).declare()

    drop(house.inbox / "memo.wav")
    queue(house, store, sender, "memo.wav", to=name)

    assert {each: len(messages(store, each)) for each in (LIVE, BULK)} == {
        each: int(each == name) for each in (LIVE, BULK)
    }


def test_a_task_that_an_operator_calls_comes_once(house: Household, store: Store) -> None:
    with broker(house) as channel:
        for each in (LIVE, BULK):
            Queue(each, Exchange(BULK), routing_key=BULK)(channel).declare()

    called = celery(house, "call", RELABEL, "--args", '[["memo.wav"]]')

    assert called.returncode == 0, called.stderr
    assert [len(messages(store, each)) for each in (LIVE, BULK)] == [0, 1]


def test_older_workers_and_new_ones_share_the_queues(
    house: Household, store: Store, sender: Sender, worker: Running
) -> None:
    with older_worker(house) as older:
        for process in (older, worker):
            for name in (LIVE, BULK):
                path = f"{process.process.pid}-{name}.wav"
                drop(house.inbox / path)
                queue(house, store, sender, path, to=name)
                [record] = wait_until_done(store, path)
                assert record.state is State.LABELLED


def test_what_an_older_worker_held_when_it_was_stopped_a_new_one_does(
    house: Household, store: Store, sender: Sender
) -> None:
    with older_worker(house):
        pass
    paths = [f"{number}.wav" for number in range(4)]
    for path in paths:
        drop(house.inbox / path)
        queue(house, store, sender, path)

    with house.running("worker"):
        records = wait_until_done(store, *paths, seconds=60)

    assert {record.state for record in records} == {State.LABELLED}


def test_an_older_worker_does_what_was_sent_before_it_came(
    house: Household, store: Store, sender: Sender
) -> None:
    drop(house.inbox / "memo.wav")
    queue(house, store, sender, "memo.wav", to=BULK)

    with older_worker(house):
        [record] = wait_until_done(store, "memo.wav", seconds=60)

    assert record.state is State.LABELLED


def test_no_worker_takes_commands_over_the_broker(
    house: Household, store: Store, worker: Running
) -> None:
    asked = celery(house, "inspect", "ping", "--timeout", "1")
    told = celery(house, "control", "shutdown", "--timeout", "1")

    assert asked.returncode != 0
    assert "No nodes replied" in asked.stdout + asked.stderr
    assert told.returncode != 0
    assert worker.process.poll() is None
    channels: Any = store.connection
    assert [name for name in channels.pubsub_channels("*") if b"pidbox" in name] == []


def test_a_service_keeps_no_state_in_a_shelve() -> None:
    for name in ServiceName:
        assert not {"--statedb", "-S"} & set(command(name))


def test_the_tools_show_no_password(house: Household) -> None:
    secret = house.with_settings(redis_url="redis://127.0.0.1:1/0?username=ann&password=s3cret")

    shown = celery(secret, "report")

    assert "s3cret" not in shown.stdout + shown.stderr
    assert "127.0.0.1" in shown.stdout
