"""The clips that everything is measured on: real recordings, or tones where there are none."""

from __future__ import annotations

import os
import shutil
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SPEAKERS = 6
TAKES = 50


@dataclass(frozen=True)
class Corpus:
    """Wav files named `{digit}_{speaker}_{take}.wav`."""

    about: str
    paths: Sequence[Path]

    def sample(self, count: int) -> list[Path]:
        """Clips drawn at random, the same ones each time."""
        chosen = np.random.default_rng(0).permutation(len(self.paths))[:count]
        return [self.paths[index] for index in chosen]

    def fill(self, folder: Path, count: int) -> None:
        """Lay so many clips into a folder, as hard links where that can be, else as copies.

        There are folders below it, one for each time that the corpus is gone through.
        """
        for number in range(count):
            turn, place = divmod(number, len(self.paths))
            source, target = self.paths[place], folder / str(turn) / self.paths[place].name
            if place == 0:
                target.parent.mkdir(parents=True)
            _link(source, target)


def corpus(spare: Path) -> Corpus:
    """The recordings of `EARMARK_FSDD`, else synthetic clips written into a spare folder."""
    folder = Path(os.environ.get("EARMARK_FSDD", "../shared/data/fsdd/recordings"))
    paths = sorted(folder.resolve().glob("*.wav"))
    if paths:
        return Corpus(f"{len(paths):,} real clips", paths)
    paths = [
        _tone(spare, digit, speaker, take)
        for digit in range(10)
        for speaker in range(SPEAKERS)
        for take in range(TAKES)
    ]
    return Corpus(f"{len(paths):,} synthetic clips", paths)


def _tone(folder: Path, digit: int, speaker: int, take: int) -> Path:
    """As long as the real clips are on average; the pitch tells the digit."""
    random = np.random.default_rng((digit, speaker, take))
    times = np.arange(round(8_000 * random.uniform(0.3, 0.56))) / 8_000
    tone = 0.3 * np.sin(2 * np.pi * (300 * (digit + 1) + 20 * speaker) * times)
    samples = tone + 0.02 * random.standard_normal(len(times))
    path = folder / f"{digit}_tone{speaker}_{take}.wav"
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, 8_000, 0, "NONE", ""))
        clip.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
