"""Conditions that no program can mend: limits, permissions, clocks, floods; each is told of."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from earmark.admin.retry import retry
from earmark.annotations import labels_csv
from earmark.clips import State
from earmark.model.registry import Registry
from tests import tiny_models
from tests.faults.scene import Scene, celery, children, fill, lives, names, small_disk, started
from tests.household import Household, wait_until
from tests.tiny_models import FIRST, SECOND
from tests.wavs import drop, wav

FLOOD = 100_000
MOST_LINKS = 50_000
MOST_GROWTH_MEGABYTES = 64


def memory_megabytes(process: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_flood_of_files_is_bounded_in_the_queue_and_in_memory(scene: Scene) -> None:
    limit = 2048
    scene.house = scene.house.with_settings(queue_limit=limit, lease_seconds=30)
    with scene.producer() as producer, scene.worker() as worker:
        scene.drop("first.wav")
        scene.wait_until_kept()
        watched = [producer.process.pid, worker.process.pid, *children(worker.process.pid)]
        before = {process: memory_megabytes(process) for process in watched}
        for number in range(FLOOD):
            if number % MOST_LINKS == 0:
                source = drop(scene.house.home / f"{number}.wav", wav(hertz=500 + number / 1_000))
            os.link(source, scene.house.inbox / f"{number}.wav")
        most, deepest = dict(before), 0
        began = time.monotonic()
        while sum(scene.store.clips.counts()[state] for state in State if state.done) <= FLOOD:
            deepest = max(deepest, scene.store.clips.unfinished())
            most |= {p: max(most[p], memory_megabytes(p)) for p in watched if lives(p)}
            assert time.monotonic() - began < 600
            time.sleep(0.2)
        scene.recoveries[f"flood of {FLOOD:,} files, one worker"] = time.monotonic() - began
        scene.wait_until_kept()

    assert deepest <= limit
    grown = {process: round(most[process] - before[process]) for process in watched}
    print(f"\n{FLOOD:,} files: at most {deepest} queued; grown by {list(grown.values())} MB")
    assert max(grown.values()) <= MOST_GROWTH_MEGABYTES


@pytest.mark.long
def test_files_in_ten_thousand_folders_are_found_and_watched(scene: Scene) -> None:
    for number in range(10_000):
        (scene.house.inbox / f"{number % 100}" / f"{number}").mkdir(parents=True)
    drop(scene.house.inbox / "7" / "7" / "old.wav")
    with scene.producer(), scene.worker():
        wait_until(lambda: scene.state("7/7/old.wav") is State.LABELLED, "the old one", seconds=60)
        began = time.monotonic()
        drop(scene.house.inbox / "99" / "9999" / "new.wav")
        wait_until(lambda: scene.state("99/9999/new.wav") is State.LABELLED, "the new one")
        scene.recoveries["clip dropped among 10,000 folders"] = time.monotonic() - began
        scene.wait_until_kept()


def test_a_listener_too_many_polls_instead_and_says_how_to_mend_it(scene: Scene) -> None:
    script = (
        "import ctypes, runpy\n"
        "libc = ctypes.CDLL(None)\n"
        "while libc.inotify_init() >= 0: pass\n"
        "runpy.run_module('producer', run_name='__main__')\n"
    )
    with started(scene.house, sys.executable, "-c", script) as producer, scene.worker():
        producer.wait_until_it_says("sysctl fs.inotify.max_user_watches")
        producer.wait_until_it_says("watches")
        scene.drop("a.wav")
        scene.wait_until_kept()


BOUND_BY_MODES = (
    str(shutil.which("setpriv")),
    "--bounding-set=-dac_override,-dac_read_search",
    "--",
)
"""As root, but for its right to read whatever it likes."""


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")
def test_what_may_not_be_read_is_told_of_and_labelled_once_it_may(scene: Scene) -> None:
    inbox = scene.house.inbox
    drop(inbox / "again-closed.wav").chmod(0o600)
    drop(inbox / "folder" / "inside.wav")
    (inbox / "folder").chmod(0o700)
    for path in (inbox / "again-closed.wav", inbox / "folder"):
        os.chown(path, 65534, 65534)
    worker_command = celery("tests.faults.traps")
    with (
        started(scene.house, *BOUND_BY_MODES, sys.executable, "-m", "producer") as producer,
        started(scene.house, *BOUND_BY_MODES, *worker_command) as worker,
    ):
        producer.wait_until_it_says("folder cannot be read: Permission denied")
        worker.wait_until_it_says("ready.")
        wait_until(lambda: scene.state("again-closed.wav") is State.FAILED, "told", seconds=20)
        [closed] = scene.store.clips.records(["again-closed.wav"])
        assert closed is not None
        assert closed.reason == "the file cannot be read: Permission denied"

        (inbox / "folder").chmod(0o755)
        (inbox / "again-closed.wav").chmod(0o644)
        with scene.recovery("permissions mended, clips retried"):
            retry(scene.store.clips, limit=64)

        assert scene.state("again-closed.wav") is State.LABELLED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_models_folder_that_cannot_be_written_leaves_the_model_that_is_live(
    furnished_house: Household,
) -> None:
    registry = Registry(furnished_house.models)
    with small_disk(registry.folder, "64k") as disk:
        tiny_models.publish(disk, FIRST)
        registry.promote(FIRST)
        filler = fill(disk)
        with pytest.raises(OSError, match="No space left"):
            tiny_models.publish(disk, SECOND)
        assert registry.live() == FIRST
        registry.artefact(FIRST)

        filler.unlink()
        tiny_models.publish(disk, SECOND)
        assert registry.versions() == [FIRST, SECOND]


def test_a_copy_that_the_full_disk_of_the_inbox_cut_off_is_unsure_until_it_is_whole(
    scene: Scene,
) -> None:
    source = drop(scene.house.home / "7_ann_0.wav", wav(seconds=8))
    copy = ("cp", str(source), str(scene.house.inbox / "again-7_ann_0.wav"))
    with small_disk(scene.house.inbox, "64k") as disk, scene.producer(), scene.worker():
        assert subprocess.run(copy, check=False, capture_output=True).returncode == 1
        ingested = scene.house.run("ingest", str(source))
        assert ingested.returncode == 1
        assert "No space left on device" in ingested.stdout + ingested.stderr
        scene.wait_until_kept()
        [half] = scene.store.clips.records(["again-7_ann_0.wav"])
        assert half is not None
        assert half.state is State.UNSURE
        assert "the file is truncated" in str(half.reason)

        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        subprocess.run(copy, check=True)
        assert scene.house.run("ingest", str(source)).returncode == 0
        wait_until(
            lambda: scene.state("again-7_ann_0.wav") is State.LABELLED, "the whole copy labelled"
        )
        scene.wait_until_kept()
        assert scene.state("7_ann_0.wav") is State.LABELLED


def test_a_correction_that_the_full_disk_does_not_take_is_no_correction(scene: Scene) -> None:
    with small_disk(scene.house.home / "told", "16k") as disk:
        scene.house = scene.house.with_settings(data=disk, redis_url=scene.house.settings.store_url)
        with scene.producer(), scene.worker():
            scene.drop("a.wav", "b.wav")
            scene.wait_until_kept()
            assert scene.house.run("clips", "correct", "a.wav", "3").returncode == 0
            filler = fill(disk)
            too_long = ("--speaker", "s" * 6_000)
            refused = scene.house.run("clips", "correct", "b.wav", "5", *too_long)
            assert refused.returncode == 1
            assert "labels.csv cannot be written (No space left on device)" in refused.stderr

            filler.unlink()
            assert scene.house.run("clips", "correct", "b.wav", "6").returncode == 0
            lines = list(labels_csv.read(disk / "labels.csv"))
            assert [(line.path, line.told.digit) for line in lines] == [("a.wav", 3), ("b.wav", 6)]


@pytest.mark.long
def test_a_clock_that_jumps_back_or_forth_loses_nothing(scene: Scene) -> None:
    for jump in (-86_400, 86_400):
        jumped = scene.house.home / f"jumped{jump}"
        script = (
            "import os, time, runpy\n"
            "real = time.time\n"
            f"time.time = lambda: real() + ({jump} if os.path.exists({str(jumped)!r}) else 0)\n"
            "runpy.run_module('producer', run_name='__main__')\n"
        )
        with started(scene.house, sys.executable, "-c", script) as producer, scene.worker():
            producer.wait_until_it_says("watches")
            scene.drop(*names(f"before{jump}", 10))
            scene.wait_until_kept()
            jumped.touch()
            scene.drop(*names(f"after{jump}", 10))
            with scene.recovery(f"clock of the producer jumps by {jump:+,} s"):
                pass


@pytest.mark.long
def test_a_second_control_c_is_immediate_and_loses_nothing(scene: Scene) -> None:
    house = scene.house.with_settings(redis_url=scene.house.settings.store_url)
    with started(house, sys.executable, "-m", "earmark", "up") as up:
        up.wait_until_it_says("is ready", seconds=60)
        scene.drop(*names("clip", 300))
        up.process.send_signal(signal.SIGINT)
        up.wait_until_it_says("Earmark stops")
        began = time.monotonic()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(10) == 0
        scene.recoveries["second Ctrl-C: all ended"] = time.monotonic() - began
    with scene.producer(), scene.worker():
        scene.wait_until_kept()
