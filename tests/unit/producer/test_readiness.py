"""The readiness gate: no file is queued while somebody still writes it."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from earmark.clips import Revision
from producer.readiness import ReadinessGate
from tests.forms import made
from tests.wavs import wav

WHOLE = wav()
SETTLE, PATIENCE = 2.0, 60.0


@dataclass
class Watched:
    """A gate, and a file whose times follow the test's clock."""

    folder: Path
    gate: ReadinessGate
    now: float = 1_000.0

    def write(self, data: bytes, *, closed: bool = False, name: str = "a.wav") -> None:
        file = self.folder / name
        file.write_bytes(data)
        os.utime(file, (self.now, self.now))
        self.hint(name, closed=closed)

    def hint(self, name: str = "a.wav", *, closed: bool = False) -> None:
        self.gate.hint(name, closed=closed, now=self.now)

    def ready(self, *, after: float = 0.0) -> list[str]:
        """What is ready some seconds later, when every planned look on the way is taken."""
        until = self.now + after
        found: list[str] = []
        while (look := self.gate.next_look()) is not None and look <= until:
            self.now = max(self.now, look)
            found += [path for path, _ in self.gate.ready(self.now, self.now)]
        self.now = until
        return found


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path, ReadinessGate(tmp_path, SETTLE, PATIENCE))


def test_a_whole_file_that_was_closed_is_ready_at_once(watched: Watched) -> None:
    watched.write(WHOLE, closed=True)

    assert watched.ready() == ["a.wav"]
    assert len(watched.gate) == 0
    assert watched.gate.next_look() is None


def test_a_file_that_nobody_said_was_closed_must_settle(watched: Watched) -> None:
    watched.write(WHOLE)

    assert watched.ready(after=SETTLE - 0.1) == []
    assert watched.ready(after=0.2) == ["a.wav"]


def test_an_old_file_needs_no_settling(watched: Watched) -> None:
    (watched.folder / "a.wav").write_bytes(WHOLE)
    os.utime(watched.folder / "a.wav", (1.0, 1.0))

    watched.hint()

    assert watched.ready() == ["a.wav"]


def test_a_file_from_the_future_settles_all_the_same(watched: Watched) -> None:
    (watched.folder / "a.wav").write_bytes(WHOLE)
    os.utime(watched.folder / "a.wav", (9e9, 9e9))
    watched.hint()

    assert watched.ready(after=SETTLE - 0.1) == []
    assert watched.ready(after=0.2) == ["a.wav"]


def test_a_slow_writer_is_waited_for_even_if_he_closes_in_between(watched: Watched) -> None:
    for part in (WHOLE[:20], WHOLE[:100], WHOLE[:-2]):
        watched.write(part, closed=True)
        assert watched.ready(after=PATIENCE - 1) == []

    watched.write(WHOLE, closed=True)

    assert watched.ready() == ["a.wav"]


def test_growth_without_any_event_is_noticed(watched: Watched) -> None:
    watched.write(WHOLE[:100])
    assert watched.ready(after=PATIENCE - 1) == []
    (watched.folder / "a.wav").write_bytes(WHOLE)
    os.utime(watched.folder / "a.wav", (watched.now, watched.now))

    assert watched.ready(after=SETTLE - 1) == []
    assert watched.ready(after=2) == ["a.wav"]


def test_a_file_shorter_than_it_declares_is_queued_after_the_patience(watched: Watched) -> None:
    watched.write(WHOLE[:-10], closed=True)

    assert watched.ready(after=PATIENCE - 1) == []
    assert watched.ready(after=2) == ["a.wav"]


@pytest.mark.parametrize("counted", [44, 36])
def test_a_writer_that_counts_the_header_as_audio_is_not_waited_for(
    watched: Watched, counted: int
) -> None:
    size = struct.pack("<I", len(WHOLE) - 44 + counted)

    watched.write(WHOLE[:40] + size + WHOLE[44:], closed=True)

    assert watched.ready() == ["a.wav"]


@pytest.mark.parametrize("form", ["W64", "AIFF", "AU"])
def test_other_forms_under_a_name_that_says_wav_are_waited_for_too(
    watched: Watched, form: str
) -> None:
    clip = made("PCM_16", form)
    watched.write(clip[:-100], closed=True)
    assert watched.ready(after=PATIENCE - 1) == []

    watched.write(clip, closed=True)

    assert watched.ready() == ["a.wav"]


def test_a_header_that_is_not_yet_whole_is_waited_for(watched: Watched) -> None:
    watched.write(b"", closed=True)
    assert watched.ready(after=5) == []

    watched.write(WHOLE, closed=True)

    assert watched.ready() == ["a.wav"]


def test_a_file_that_is_no_wav_is_not_waited_for(watched: Watched) -> None:
    watched.write(b"this is not a wav file, and nothing will make it one, ever", closed=True)

    assert watched.ready() == ["a.wav"]


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000])
def test_a_streaming_size_needs_only_stability(watched: Watched, size: int) -> None:
    streamed = WHOLE[:40] + struct.pack("<I", size) + WHOLE[44:]
    watched.write(streamed)

    assert watched.ready(after=SETTLE + 0.1) == ["a.wav"]


def test_a_file_that_vanishes_leaves_the_gate(watched: Watched) -> None:
    watched.write(WHOLE)
    (watched.folder / "a.wav").unlink()

    assert watched.ready(after=SETTLE * 2) == []
    assert len(watched.gate) == 0


def test_a_hint_about_a_file_that_is_not_there_is_forgotten(watched: Watched) -> None:
    watched.hint("nowhere.wav")

    assert watched.ready(after=1) == []
    assert len(watched.gate) == 0


def test_a_closed_file_that_is_opened_again_must_settle_again(watched: Watched) -> None:
    watched.write(WHOLE[:100], closed=True)
    assert watched.ready(after=1) == []

    watched.write(WHOLE)

    assert watched.ready(after=SETTLE - 0.1) == []
    assert watched.ready(after=0.2) == ["a.wav"]


def test_many_hints_make_one_job(watched: Watched) -> None:
    watched.write(WHOLE)
    for _ in range(10):
        watched.hint(closed=True)

    assert watched.ready(after=10) == ["a.wav"]


def test_the_revision_that_was_looked_at_is_the_one_that_is_queued(watched: Watched) -> None:
    watched.write(WHOLE, closed=True)

    [(_, revision)] = watched.gate.ready(watched.now, watched.now)

    assert revision == Revision.of((watched.folder / "a.wav").stat())


def test_a_pipe_holds_nobody_up(watched: Watched) -> None:
    os.mkfifo(watched.folder / "pipe.wav")
    watched.hint("pipe.wav")
    watched.write(WHOLE, closed=True)

    assert watched.ready() == ["a.wav"]


def test_one_file_that_waits_holds_up_no_other(watched: Watched) -> None:
    watched.write(WHOLE[:100], name="slow.wav")
    watched.write(WHOLE, name="fast.wav", closed=True)

    assert watched.ready(after=1) == ["fast.wav"]
