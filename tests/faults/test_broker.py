"""The server killed, frozen, full, wiped, and cut off from everybody."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from earmark.admin.doctor import examine
from earmark.annotations import labels_csv
from earmark.clips import State
from earmark.errors import StoreError
from earmark.services.embedded_redis import command
from earmark.store import Store
from earmark.truth import Told
from tests.faults.scene import Scene, fill, names, small_disk
from tests.household import Household, wait_until


@contextmanager
def mortal_server(house: Household) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The embedded server; the last of the list is the one that runs."""
    lives: list[subprocess.Popen[bytes]] = []
    try:
        start(house, lives)
        yield lives
    finally:
        for process in lives:
            process.kill()
            process.wait()


def start(house: Household, lives: list[subprocess.Popen[bytes]]) -> None:
    lives.append(subprocess.Popen(command(house.settings), stdout=subprocess.DEVNULL))
    Store.at(house.settings.store_url, wait_seconds=20).connection.close()


@pytest.fixture
def mortal(
    furnished_house: Household, recoveries: dict[str, float]
) -> Iterator[tuple[Scene, list[subprocess.Popen[bytes]]]]:
    with mortal_server(furnished_house) as lives:
        store = Store.at(furnished_house.settings.store_url)
        yield Scene(furnished_house, store, recoveries), lives
        store.connection.close()


Mortal = tuple[Scene, list[subprocess.Popen[bytes]]]


@pytest.mark.parametrize("how", ["idle", pytest.param("busy", marks=pytest.mark.long)])
def test_8_a_server_that_is_killed_and_started_again_loses_nothing(
    mortal: Mortal, how: str
) -> None:
    scene, lives = mortal
    with scene.producer(), scene.worker():
        scene.drop(*names("before", 20))
        if how == "idle":
            scene.wait_until_kept()
        scene.drop(*names("during", 300))
        lives[-1].kill()
        lives[-1].wait()
        scene.drop(*names("after", 20))
        with scene.recovery(f"8 server killed while {how}, and started again"):
            start(scene.house, lives)


@pytest.mark.long
def test_8_a_server_that_was_away_for_long_is_used_again(mortal: Mortal) -> None:
    scene, lives = mortal
    scene.house = scene.house.with_settings(lease_seconds=30)
    with scene.producer(), scene.worker() as worker:
        scene.drop(*names("before", 5))
        scene.wait_until_kept()
        lives[-1].kill()
        lives[-1].wait()
        wait_until(lambda: worker.output.count("Trying again") >= 5, "five tries", seconds=60)
        scene.drop(*names("after", 20))
        with scene.recovery("8 server away for five tries, and started again"):
            start(scene.house, lives)


@pytest.mark.long
def test_8_clips_in_hand_when_the_server_is_killed_are_done_when_it_is_back(mortal: Mortal) -> None:
    scene, lives = mortal
    scene.house = scene.house.with_settings(lease_seconds=30)
    with scene.producer(), scene.worker():
        scene.drop("hold-1.wav", *names("mate", 5))
        scene.wait_until_held()
        lives[-1].kill()
        lives[-1].wait()
        scene.go()
        with scene.recovery("8 server killed with clips in hand, a lease of 30 s"):
            start(scene.house, lives)


@pytest.mark.long
def test_8_a_store_of_up_that_is_killed_is_started_again_and_used(
    furnished_house: Household, recoveries: dict[str, float]
) -> None:
    with furnished_house.with_settings(lease_seconds=30, reconcile_seconds=60).running("up") as up:
        up.wait_until_it_says("is ready", seconds=60)
        store = Store.at(furnished_house.settings.store_url)
        scene = Scene(furnished_house, store, recoveries)
        scene.drop("before.wav")
        scene.wait_until_kept()
        server = store.connection.info("server")["process_id"]
        with scene.recovery("8 store of `earmark up` killed, with the default lease"):
            os.kill(server, signal.SIGKILL)
            scene.drop("after.wav")
            up.wait_until_it_says("store died (killed by SIGKILL)")
            store.connection.wait_until_ready(20)
        store.connection.close()


@pytest.mark.long
def test_5_a_write_that_was_cut_off_in_the_middle_is_done_again(mortal: Mortal) -> None:
    scene, lives = mortal
    with scene.worker(), scene.producer():
        scene.drop(*names("again", 10))
        scene.wait_until_kept()
    lives[-1].kill()
    lives[-1].wait()
    [log] = (scene.house.home / "var" / "store").glob("appendonlydir/*.incr.aof")
    os.truncate(log, log.stat().st_size * 2 // 3)
    start(scene.house, lives)
    with scene.producer(), scene.worker(), scene.recovery("5 server's log cut off in a write"):
        pass


@pytest.mark.long
def test_9_a_server_that_is_frozen_for_longer_than_any_time_out(mortal: Mortal) -> None:
    scene, lives = mortal
    with scene.producer() as producer, scene.worker():
        scene.drop(*names("before", 100))
        os.kill(lives[-1].pid, signal.SIGSTOP)
        try:
            scene.drop(*names("during", 20))
            producer.wait_until_it_says("does not answer", seconds=90)
        finally:
            os.kill(lives[-1].pid, signal.SIGCONT)
        with scene.recovery("9 server frozen beyond the time-outs"):
            pass


@pytest.mark.long
def test_9_clients_that_are_cut_off_come_back(scene: Scene) -> None:
    with scene.producer(), scene.worker():
        scene.drop(*names("before", 100))
        for kind in ("normal", "pubsub"):
            scene.store.connection.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        scene.drop(*names("after", 20))
        with scene.recovery("9 all clients cut off"):
            pass


@pytest.mark.long
def test_10_a_server_out_of_memory_is_told_of_and_recovers(scene: Scene) -> None:
    with scene.producer() as producer, scene.worker():
        scene.drop("before.wav")
        scene.wait_until_kept()
        scene.store.connection.config_set("maxmemory", 1)
        scene.drop(*names("during", 20))
        producer.wait_until_it_says("maxmemory")
        with scene.recovery("10 server out of memory, then mended"):
            scene.store.connection.config_set("maxmemory", 0)


def test_11_a_wiped_store_is_rebuilt_from_the_folder_and_what_people_said(scene: Scene) -> None:
    with scene.producer(), scene.worker():
        scene.drop("again-a.wav", "again-b.wav")
        line = labels_csv.Line("again-a.wav", Told(3, None, "ann"), "2026-11-23T05:00:00Z")
        labels_csv.append(scene.house.settings.labels_file, [line])
        scene.wait_until_kept()
        with scene.recovery("11 store wiped"):
            scene.store.connection.flushall()

        [told] = scene.store.clips.records(["again-a.wav"])
        assert told is not None
        assert (told.state, told.truth, told.truth_by) == (State.LABELLED, 3, "ann")


@pytest.mark.long
def test_16_a_password_that_is_set_under_way_is_told_of_and_recovers(scene: Scene) -> None:
    with scene.producer() as producer, scene.worker() as worker:
        scene.drop("before.wav")
        scene.wait_until_kept()
        connection = scene.store.connection
        connection.config_set("requirepass", "secret")
        connection.execute_command("AUTH", "secret")
        connection.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        scene.drop(*names("during", 5))
        producer.wait_until_it_says("Authentication required")
        connection.config_set("requirepass", "")
        with scene.worker() if worker.process.poll() is not None else scene.recovery("16 password"):
            scene.wait_until_kept()


@pytest.mark.long
def test_a_disk_that_is_full_ends_the_server_and_loses_nothing(
    recoveries: dict[str, float], furnished_house: Household
) -> None:
    house = furnished_house
    with small_disk(house.home / "var" / "store", "1m") as disk, mortal_server(house) as lives:
        scene = Scene(house, Store.at(house.settings.store_url), recoveries)
        with scene.producer(), scene.worker():
            scene.drop(*names("before", 10))
            scene.wait_until_kept()
            filler = fill(disk)
            scene.drop(*names("during", 200))
            wait_until(lambda: lives[-1].poll() is not None, "the server gave up", seconds=30)
            told = {each.what: each.good for each in examine(house.settings, time.time())}
            assert (told["disk"], told["store"]) == (False, False)
            filler.unlink()
            with scene.recovery("disk of the store full, then mended"):
                start(house, lives)
        scene.store.connection.close()


@pytest.mark.long
def test_13_every_service_stops_in_time_when_the_server_is_gone(mortal: Mortal) -> None:
    scene, lives = mortal
    with scene.producer() as producer, scene.worker() as worker:
        scene.drop("hold-1.wav")
        scene.wait_until_held()
        lives[-1].kill()
        lives[-1].wait()
        began = time.monotonic()
        for service in (producer, worker):
            service.process.terminate()
        for service in (producer, worker):
            service.process.wait(30)
        scene.recoveries["13 SIGTERM while the server is gone: all stopped"] = (
            time.monotonic() - began
        )
        with suppress(StoreError):
            scene.store.connection.ping()
    scene.go()
    start(scene.house, lives)
    with scene.producer(), scene.worker():
        scene.wait_until_kept()


@pytest.mark.long
def test_13_every_service_stops_in_time_when_the_server_is_frozen(mortal: Mortal) -> None:
    scene, lives = mortal
    with scene.producer() as producer, scene.worker() as worker:
        scene.drop("hold-1.wav")
        scene.wait_until_held()
        os.kill(lives[-1].pid, signal.SIGSTOP)
        began = time.monotonic()
        for service in (producer, worker):
            service.process.terminate()
        try:
            for service in (producer, worker):
                service.process.wait(30)
        finally:
            os.kill(lives[-1].pid, signal.SIGCONT)
        scene.recoveries["13 SIGTERM while the server is frozen: all stopped"] = (
            time.monotonic() - began
        )
    scene.go()
    with scene.producer(), scene.worker():
        scene.wait_until_kept()
