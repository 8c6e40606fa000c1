"""`earmark up` as people run it: one command, one Ctrl-C, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from earmark.clips import State
from earmark.services.embedded_redis import command as server_command
from earmark.services.processes import NEEDED
from earmark.store import Store
from tests.household import (
    Household,
    Running,
    alive,
    furnished,
    processes_of,
    wait_until,
    wait_until_done,
)
from tests.tiny_models import FIRST
from tests.wavs import drop, wav

READY = "Earmark is ready: drop wav files into"


@pytest.fixture(scope="module")
def house() -> Iterator[Household]:
    """A house in which everything runs that `up` starts, but the dashboard."""
    with furnished() as house:
        yield house.with_settings(dashboard_port=0)


@pytest.fixture(scope="module")
def running(house: Household) -> Iterator[Running]:
    with house.running("up") as process:
        process.wait_until_it_says(READY)
        yield process
    assert processes_of(house) == []


@pytest.fixture
def store(house: Household, running: Running) -> Iterator[Store]:
    store = Store.at(house.settings.store_url, wait_seconds=10)
    yield store
    store.connection.close()


def test_it_says_where_to_drop_files_once_everything_lives(
    house: Household, running: Running, store: Store
) -> None:
    assert str(house.inbox) in running.output.partition(READY)[2]
    assert all(alive(store, name) for name in NEEDED)


def test_a_dropped_clip_gets_its_label(house: Household, store: Store) -> None:
    drop(house.inbox / "deep" / "memo.wav")
    drop(house.inbox / "broken.wav", b"this is no wav file, and never was one, not even once")

    records = wait_until_done(store, "deep/memo.wav", "broken.wav")

    assert [record.state for record in records] == [State.LABELLED, State.FAILED]
    assert (records[0].label, records[0].model) == (7, FIRST)


def test_the_status_tells_all_of_it(house: Household, store: Store) -> None:
    drop(house.inbox / "7_theo_1.wav")
    wait_until_done(store, "7_theo_1.wav")

    seen = json.loads(house.run("status", "--json").stdout)

    assert set(seen["states"]) == {"pending", "queued", "labelled", "unsure", "failed"}
    assert seen["states"]["labelled"] >= 1
    assert set(seen["queues"]) == {"live", "bulk", "training"}
    assert seen["services"].items() >= dict.fromkeys(NEEDED, 1).items()
    assert len(seen["workers"]) == 1
    assert seen["model"]["version"] == FIRST
    assert {"known_voices", "new_voices"} <= set(seen["model"])
    assert seen["live_accuracy"]["clips"] >= 1
    assert seen["clips_per_second"] > 0


def test_the_doctor_is_content(house: Household, running: Running) -> None:
    done = house.run("doctor", "--json")

    assert [each for each in json.loads(done.stdout) if not each["good"]] == []
    assert done.returncode == 0


def test_a_second_one_on_the_same_folder_is_refused_in_plain_words(
    house: Household, running: Running
) -> None:
    second = house.run("up")

    assert second.returncode == 1
    assert f"Earmark already runs on {house.settings.data}" in second.stderr
    assert f"process {running.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert running.process.poll() is None


def test_a_killed_worker_is_started_again_and_that_is_said(
    house: Household, running: Running, store: Store
) -> None:
    [worker] = alive(store, "worker")

    os.kill(worker, signal.SIGKILL)

    running.wait_until_it_says("worker died (killed by SIGKILL); starts again in 0.5 s")
    wait_until(lambda: set(alive(store, "worker")) - {worker}, "another worker", seconds=30)
    drop(house.inbox / "after.wav", wav(hertz=500))
    wait_until_done(store, "after.wav", seconds=30)


def test_a_killed_producer_is_started_again_and_finds_what_it_missed(
    house: Household, running: Running, store: Store
) -> None:
    [producer] = alive(store, "producer")

    os.kill(producer, signal.SIGKILL)
    drop(house.inbox / "missed.wav", wav(hertz=600))

    wait_until_done(store, "missed.wav", seconds=30)
    assert running.says("producer died (killed by SIGKILL)")


def test_a_killed_store_is_started_again_and_has_forgotten_nothing(
    house: Household, running: Running, store: Store
) -> None:
    drop(house.inbox / "kept.wav", wav(hertz=700))
    [before] = wait_until_done(store, "kept.wav")
    server = int(store.connection.info("server")["process_id"])

    os.kill(server, signal.SIGKILL)

    running.wait_until_it_says("store died (killed by SIGKILL)")
    again = Store.at(house.settings.store_url, wait_seconds=30)
    assert again.clips.records(["kept.wav"]) == [before]
    drop(house.inbox / "later.wav", wav(hertz=800))
    wait_until_done(again, "later.wav", seconds=60)
    again.connection.close()


def test_each_service_has_its_log(house: Household, running: Running) -> None:
    logs = {file.name for file in house.settings.logs.iterdir()}

    assert logs >= {f"{name}.log" for name in (*NEEDED, "store")}


def test_the_data_folder_is_closed_and_what_others_need_is_not(
    house: Household, store: Store
) -> None:
    drop(house.inbox / "7_theo_9.wav")
    wait_until_done(store, "7_theo_9.wav")
    house.run("clips", "correct", "7_theo_9.wav", "3")
    house.run("sort", "sorted", "--copy")
    data = house.settings.data

    open_to_others = [path for path in (data, *data.rglob("*")) if path.lstat().st_mode & 0o077]

    assert [path for path in open_to_others if not path.is_symlink()] == []
    assert {"labels.csv", "schedule.json", "store", "logs"} <= {
        each.name for each in data.iterdir()
    }
    assert house.inbox.stat().st_mode & 0o077 == 0o777 & ~_umask() & 0o077
    made = next((house.home / "sorted").rglob("*.wav"))
    assert made.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_ctrl_c_stops_everything_and_leaves_nothing_running() -> None:
    with furnished() as bare, bare.with_settings(dashboard_port=0).running("up") as process:
        process.wait_until_it_says(READY)
        began = time.monotonic()

        process.process.send_signal(signal.SIGINT)

        assert process.process.wait(30) == 0
        assert time.monotonic() - began < 25
        assert processes_of(bare) == []
        assert process.says("Earmark has stopped")
        assert not re.search(r"Traceback|ERROR|killed", process.output)


def test_ctrl_c_before_it_is_ready_stops_it_too() -> None:
    with furnished() as bare, bare.with_settings(dashboard_port=0).running("up") as process:
        process.wait_until_it_says("Earmark starts")

        process.process.send_signal(signal.SIGINT)

        assert process.process.wait(45) == 0
        assert processes_of(bare) == []


def test_when_it_is_killed_everything_else_ends_by_itself() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent died")
    with furnished() as bare, bare.with_settings(dashboard_port=0).running("up") as process:
        process.wait_until_it_says(READY)
        assert len(processes_of(bare)) > len(NEEDED)

        process.process.kill()
        process.process.wait()

        wait_until(lambda: not processes_of(bare), lambda: _named(bare), seconds=40)


def test_a_server_that_was_left_over_is_ended_and_what_it_knew_is_kept() -> None:
    with furnished() as bare:
        orphan = subprocess.Popen(server_command(bare.settings), stdout=subprocess.DEVNULL)
        try:
            store = Store.at(bare.settings.store_url, wait_seconds=10)
            store.connection.set("kept", "yes")
            with bare.with_settings(dashboard_port=0).running("up") as process:
                process.wait_until_it_says(READY)
                assert orphan.wait(10) == 0
                assert store.connection.get("kept") == b"yes"
            store.connection.close()
        finally:
            orphan.kill()
            orphan.wait()


def test_a_store_of_its_own_is_not_started_beside_another(house: Household, store: Store) -> None:
    with furnished() as guest:
        elsewhere = guest.with_settings(redis_url=house.settings.store_url, dashboard_port=0)
        with elsewhere.running("up") as process:
            process.wait_until_it_says(READY)
            assert not (guest.home / "var" / "store").exists()


def test_a_misspelt_setting_stops_it_with_the_right_name() -> None:
    with furnished() as bare:
        done = bare.with_settings(inbx="/nowhere").run("up")

    assert done.returncode == 2
    assert done.stderr == "earmark: EARMARK_INBX is no setting; did you mean EARMARK_INBOX?\n"


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _named(house: Household) -> str:
    return f"the end of {processes_of(house)}"
