"""What commands show in a real terminal while they last: `status --watch`, and bars."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from earmark.messaging.sender import Sender
from earmark.store import Store
from tests.household import Household, Running, earmark, queue
from tests.wavs import drop

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
CTRL_C = b"\x03"
_TAKE_THE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "os.setsid()\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A command whose standard streams are a terminal, with Ctrl-C and all."""

    def __init__(self, house: Household, *arguments: str) -> None:
        self._descriptor, other = pty.openpty()
        termios.tcsetwinsize(other, (24, 80))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_THE_TERMINAL, *earmark(*arguments)],
            env=house.environ,
            cwd=house.home,
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)
        self.shown = ""

    def read_until(self, words: str, *, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.shown:
            assert time.monotonic() < deadline, f"{words!r} is not in {self.shown!r}"
            self._read()

    def type(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def end(self) -> int:
        """Read to the end, and answer the exit code."""
        while self._read():
            pass
        os.close(self._descriptor)
        return self.process.wait(10)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], 1)
        if not ready:
            return True
        try:
            found = os.read(self._descriptor, 65536)
        except OSError:  # Linux tells so that nobody is at the other end any more
            return False
        self.shown += found.decode(errors="replace")
        return bool(found)


@contextmanager
def terminal(house: Household, *arguments: str) -> Iterator[Terminal]:
    opened = Terminal(house, *arguments)
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait()


def test_a_terminal_shows_what_happens_and_is_as_before_after_ctrl_c(
    house: Household, store: Store, worker: Running, sender: Sender
) -> None:
    with terminal(house, "status", "--watch") as shown:
        shown.read_until("clips     0 pending")
        drop(house.inbox / "7_theo_1.wav")
        queue(house, store, sender, "7_theo_1.wav")
        shown.read_until(" 7_theo_1.wav")
        shown.type(CTRL_C)
        code = shown.end()

    assert code == 0
    assert shown.shown.startswith(ENTER)
    assert shown.shown.endswith(LEAVE)
    assert "Traceback" not in shown.shown


def test_a_terminal_is_as_before_when_the_watch_is_ended_from_elsewhere(
    house: Household, store: Store
) -> None:
    with terminal(house, "status", "--watch") as shown:
        shown.read_until("clips     0 pending")
        shown.process.terminate()
        code = shown.end()

    assert code == 128 + signal.SIGTERM
    assert shown.shown.endswith(LEAVE)


def test_into_a_pipe_it_writes_a_line_each_second(house: Household, store: Store) -> None:
    with subprocess.Popen(
        earmark("status", "--watch"), env=house.environ, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        lines = [watching.stdout.readline() for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        code = watching.wait(10)

    assert code == 0
    assert all("0 pending, 0 queued, 0 labelled" in line for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.usefixtures("store")
def test_a_watch_for_programs_is_refused(house: Household) -> None:
    ended = house.run("status", "--watch", "--json")

    assert ended.returncode == 2
    assert "give one of them" in ended.stderr


def test_long_work_shows_a_bar_with_its_rate(house: Household, store: Store) -> None:
    for number in range(5):
        drop(house.inbox / f"{number}.wav")

    with terminal(house, "label", "inbox") as shown:
        code = shown.end()

    assert code == 0
    assert "labelling: 100%" in shown.shown
    assert "clip/s]" in shown.shown
