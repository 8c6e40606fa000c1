"""Whatever runs is killed or frozen at random moments, for as many minutes as `MINUTES` says."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from earmark.clips import State
from earmark.errors import EarmarkError
from earmark.store import Store
from tests.faults.promise import balance
from tests.faults.scene import Scene, children, end_all
from tests.faults.test_broker import mortal_server, start
from tests.household import Household, Running, wait_until
from tests.wavs import drop, wav

MINUTES = float(os.environ.get("MINUTES", "0"))
ROUND_KILLS = 8


@dataclass
class Siege:
    """A house under attack: its processes, and what happened so far."""

    scene: Scene
    lives: list[subprocess.Popen[bytes]]
    dice: random.Random
    stack: ExitStack
    running: dict[str, Running] = field(default_factory=dict)
    kills: int = 0
    dropped: int = 0

    def keep_alive(self) -> None:
        """The supervisor's part: what is dead is started again."""
        if self.lives[-1].poll() is not None:
            start(self.scene.house, self.lives)
        for name, make in self._services().items():
            if name not in self.running or self.running[name].process.poll() is not None:
                self.running[name] = self.stack.enter_context(make())

    def strike(self) -> None:
        victim = self.dice.choice(["server", "producer", "worker", "worker-2", "child", "freeze"])
        if victim == "server":
            self.lives[-1].kill()
            self.lives[-1].wait()
        elif victim == "child":
            for child in children(self.running["worker"].process.pid)[:1]:
                os.kill(child, signal.SIGKILL)
        elif victim == "freeze":
            worker = self.running["worker-2"]
            os.killpg(worker.process.pid, signal.SIGSTOP)
            self._wait_until_done(self.dropped)
            os.killpg(worker.process.pid, signal.SIGCONT)
        else:
            end_all(self.running[victim])
        self.kills += 1

    def drop(self) -> None:
        """Drop a burst, and return once some of it is done: that is the moment of the next blow."""
        before = self._done()
        burst = self.dice.randint(1, 200)
        for _ in range(burst):
            self.dropped += 1
            folder = self.scene.house.inbox / str(self.dice.randint(0, 9))
            tone = wav(hertz=200 + self.dropped % 3000, seconds=0.05)
            drop(folder / f"{self.dropped}.wav", tone)
        self._wait_until_done(before + self.dice.randint(0, burst))

    def _done(self) -> int:
        counts = self.scene.store.clips.counts()
        return sum(counts[state] for state in State if state.done)

    def _wait_until_done(self, count: int) -> None:
        wait_until(lambda: self._done() >= count, lambda: f"{count} done", seconds=120)

    def _services(self) -> dict[str, Callable[[], AbstractContextManager[Running]]]:
        scene = self.scene
        return {"producer": scene.producer, "worker": scene.worker, "worker-2": scene.worker}


@contextmanager
def besieged(house: Household, seed: int) -> Iterator[Siege]:
    with mortal_server(house) as lives, ExitStack() as stack:
        scene = Scene(house, Store.at(house.settings.store_url), {})
        siege = Siege(scene, lives, random.Random(seed), stack)
        siege.keep_alive()
        yield siege
        scene.store.connection.close()


@pytest.mark.long
@pytest.mark.timeout(0)
def test_nothing_is_lost_whatever_is_killed_at_whatever_moment(
    furnished_house: Household, siege_told: list[str]
) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1_000_000)))
    siege_told.append(f"seed {seed} (SEED={seed} repeats it)")
    house = furnished_house.with_settings(lease_seconds=2)
    deadline = time.monotonic() + max(MINUTES * 60, 20)
    with besieged(house, seed) as siege:
        while time.monotonic() < deadline:
            for _ in range(ROUND_KILLS):
                siege.drop()
                siege.strike()
                siege.keep_alive()
            _wait_until_quiet(siege)
        found = balance(house, siege.scene.store)
        failed = siege.scene.store.clips.counts()[State.FAILED]

    siege_told.append(
        f"kills survived {siege.kills}, clips checked {found.clips}, "
        f"lost {len(found.lost) + failed}, doubled {len(found.doubled)}"
    )
    assert found.clips == siege.dropped
    assert found.kept, found
    assert failed == 0


def _wait_until_quiet(siege: Siege) -> None:
    try:
        siege.scene.wait_until_kept(seconds=120)
    except EarmarkError:
        siege.keep_alive()
        siege.scene.wait_until_kept(seconds=120)
