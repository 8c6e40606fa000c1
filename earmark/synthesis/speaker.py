"""One synthetic speaker: speaks all its clips in the fixed order that makes them repeatable.

say -> trim -> write. Whatever a room or a telephone line does to a clip belongs after `trim`.
"""

from __future__ import annotations

import json
import os
import sys
import wave
from array import array
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from random import Random

from earmark.errors import EarmarkError
from earmark.synthesis.espeak import Espeak
from earmark.synthesis.voices import Delivery, delivery, voice

SILENT_BELOW = 33
"""Samples smaller than this are silence: 60 dB below a 16-bit full scale."""


@dataclass(frozen=True)
class Part:
    """What one speaker has to say.

    Attributes
    ----------
    folder
        Where the speaker's own folder stands or will stand.
    seed, speaker
        Who it is.
    takes
        How many times each word is said.
    words
        What is said, by the label that the file's name begins with.
    """

    folder: str
    seed: int
    speaker: int
    takes: int
    words: dict[str, str]

    @property
    def name(self) -> str:
        """The speaker's name as in AudioMNIST: `01`, `02`, ..."""
        return f"{self.speaker:02d}"

    def to_json(self) -> str:
        """Write the part down for another process."""
        return json.dumps(asdict(self))


def perform(part: Part) -> None:
    """Say everything in `part`; its clips come out alike only in a process that never spoke."""
    espeak = Espeak()
    espeak.choose(voice(part.seed, part.speaker).name)
    folder = Path(part.folder, part.name)
    folder.mkdir(parents=True, exist_ok=True)
    for take in range(part.takes):  # takes outside, so that more takes leave the first ones alone
        for label, text in part.words.items():
            how = _this_time(part, take, label)
            samples = trim(espeak.say(text + how.ending, how.prosody), espeak.rate, how)
            write(folder / f"{label}_{part.name}_{take}.wav", samples, espeak.rate)


def _this_time(part: Part, take: int, label: str) -> Delivery:
    chance = Random(f"{part.seed}/{part.speaker}/{take}/{label}")
    return delivery(voice(part.seed, part.speaker), chance)


def trim(samples: array[int], rate: int, how: Delivery) -> array[int]:
    """Give a clip the silence that `how` wants before and after the word.

    Parameters
    ----------
    samples
        int16, shape (n,).
    rate
        In Hz.
    how
        Tells the seconds of silence.

    Returns
    -------
    array of int16
        The word with digital silence around it.
    """
    start = _quiet(samples)
    stop = len(samples) - _quiet(reversed(samples))
    word = samples[start:stop]
    return _silence(how.before_seconds, rate) + word + _silence(how.after_seconds, rate)


def _quiet(samples: Iterable[int]) -> int:
    return sum(1 for _ in takewhile(lambda sample: abs(sample) < SILENT_BELOW, samples))


def _silence(seconds: float, rate: int) -> array[int]:
    return array("h", bytes(2 * round(seconds * rate)))


def write(path: Path, samples: array[int], rate: int) -> None:
    """Write a 16-bit mono wav that nobody ever sees unfinished.

    Parameters
    ----------
    path
        Its final place; what stands there is replaced.
    samples
        int16, shape (n,).
    rate
        In Hz.
    """
    unfinished = path.with_name(f".{path.name}.part")
    with wave.open(str(unfinished), "wb") as file:
        file.setparams((1, 2, rate, len(samples), "NONE", "not compressed"))
        file.writeframesraw(samples)
    os.replace(unfinished, path)


def main() -> None:
    """Perform the part given on standard input; the process was started for it alone."""
    try:
        perform(Part(**json.load(sys.stdin)))
    except (EarmarkError, OSError) as error:
        sys.exit(str(error))
