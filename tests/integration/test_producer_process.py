"""A real producer process, as `earmark producer` starts it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from earmark.annotations import labels_csv
from earmark.annotations.labels_csv import Line
from earmark.clips import State
from earmark.store import Store
from earmark.truth import Told
from tests.household import Household, Running, furnished, server, wait_until, wait_until_done
from tests.wavs import drop, wav


def until_queued(store: Store, path: str) -> None:
    def queued() -> bool:
        [head] = store.clips.heads([path])
        return head is not None and head[0] is State.QUEUED

    wait_until(queued, f"{path} queued")


@pytest.fixture
def polling(house: Household, store: Store) -> Iterator[Running]:
    with house.with_settings(watch="poll").running("producer") as process:
        process.wait_until_it_says("(poll)")
        yield process


def test_a_network_share_is_polled(house: Household, store: Store, polling: Running) -> None:
    drop(house.inbox / "deep" / "a.wav")

    until_queued(store, "deep/a.wav")


def test_it_stops_when_it_is_told_and_signs_off(
    house: Household, store: Store, polling: Running
) -> None:
    wait_until(lambda: store.heartbeats.alive(time.time()), "a sign of life")

    polling.process.send_signal(signal.SIGTERM)

    assert polling.process.wait(10) == 0
    assert store.heartbeats.alive(time.time()) == {}


def test_it_waits_for_a_store_that_starts_after_it() -> None:
    with furnished() as house, house.running("producer") as process:
        drop(house.inbox / "early.wav")
        with server(house.settings):
            process.wait_until_it_says("watches")
            store = Store.at(house.settings.store_url)
            until_queued(store, "early.wav")
            store.connection.close()


def test_a_damaged_labels_file_stops_it_with_the_line(house: Household, store: Store) -> None:
    file = house.settings.labels_file
    file.write_text("path,digit\na.wav,seven\n")
    try:
        done = house.run("producer")
    finally:
        file.unlink()

    assert done.returncode == 1
    assert "labels.csv, line 2: 'seven' is no digit" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wiped_store_is_rebuilt_from_folder_labels_and_models(
    house: Household, store: Store, worker: Running
) -> None:
    drop(house.inbox / "memo.wav")
    drop(house.inbox / "7_theo_1.wav", wav(hertz=500))
    labels_csv.append(house.settings.labels_file, [Line("memo.wav", Told(3, None, "ann"), "")])
    try:
        store.connection.flushall()

        with house.running("producer"):
            memo, theo = wait_until_done(store, "memo.wav", "7_theo_1.wav")
    finally:
        house.settings.labels_file.unlink()

    assert (memo.label, memo.truth, memo.truth_by) == (7, 3, "ann")
    assert (theo.label, theo.truth, theo.speaker) == (7, 7, "theo")


def test_a_store_that_is_wiped_under_running_services_is_filled_again(
    house: Household, store: Store, worker: Running
) -> None:
    drop(house.inbox / "a.wav")
    with house.with_settings(reconcile_seconds=0.2).running("producer"):
        wait_until_done(store, "a.wav")

        store.connection.flushall()

        [record] = wait_until_done(store, "a.wav")
    assert (record.state, record.label) == (State.LABELLED, 7)
