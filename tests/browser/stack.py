"""The whole of Earmark with its dashboard and some hundred clips, for tests and for pictures."""

from __future__ import annotations

import io
import json
import random
import shutil
import socket
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.household import Household, furnished, wait_until

TAKES = 12
"""Of each digit by each speaker."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running Earmark, and where its dashboard is."""

    house: Household
    url: str
    recordings: Path

    def get(self, path: str) -> Any:
        """What the interface answers."""
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def truths(self) -> int:
        return int(self.get("/api/status")["live_accuracy"]["truths"])


def lay_clips(folder: Path, recordings: Path | None) -> None:
    """Some hundred clips whose names tell their truth: recordings, or synthetic voices."""
    if recordings is not None:
        for clip in recordings.glob("*.wav"):
            if int(clip.stem.rpartition("_")[2]) < TAKES:
                shutil.copy(clip, folder)
        return
    with furnished() as house:
        made = house.run("samples", str(folder), "--speakers", "6", "--takes", "4", seconds=300)
    assert made.returncode == 0, made.stderr
    for clip in [*folder.rglob("*.wav")]:
        clip.rename(folder / clip.name)


@contextmanager
def running_dashboard(clips: Path) -> Iterator[Dashboard]:
    """Everything up, with the shipped model, and the clips labelled."""
    port = _free_port()
    with furnished(model=False) as plain:
        house = plain.with_settings(
            dashboard_port=port, patience_seconds=1, recipe="scaled", synthetic_voices=0
        )
        with house.running("up") as up:
            up.wait_until_it_says("is ready", seconds=90)
            done = house.run("ingest", str(clips), "--wait", seconds=300)
            assert done.returncode == 0, done.stderr
            found = Dashboard(house, f"http://127.0.0.1:{port}", clips)
            wait_until(lambda: _answers(found), lambda: up.output, seconds=60)
            yield found


def blend(clips: Path, number: int) -> bytes:
    """One digit forwards and another one backwards at once: hardly anybody is sure of it."""
    takes = sorted(clips.glob("*.wav"))
    chance = random.Random(number)
    parts = [samples_of(chance.choice(takes)), samples_of(chance.choice(takes))[::-1]]
    both = np.zeros(max(map(len, parts)))
    for part in parts:
        both[: len(part)] += part / max(np.abs(part).max(), 1) / 2
    return packed(32_000 * both, 8_000)


def samples_of(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as clip:
        return np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(float)


def packed(samples: NDArray[np.float64], rate: int) -> bytes:
    """Samples as a wav of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as clip:
        clip.setparams((1, 2, rate, 0, "NONE", ""))
        clip.writeframes(np.round(samples).astype("<i2").tobytes())
    return file.getvalue()


def _answers(dashboard: Dashboard) -> bool:
    try:
        return bool(dashboard.get("/readyz")["ready"])
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
