"""Synthetic spoken words: as many speakers as wanted, the same bytes every time.

Each speaker is spoken by a fresh process, because what espeak-ng says depends on what it said
before. This process never loads espeak-ng, and the others load nothing else: each is up in some
50 ms, so that 3,000 clips take about three seconds on two cores.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.environment.cores import usable_cores
from earmark.errors import EarmarkError
from earmark.synthesis import espeak
from earmark.synthesis.speaker import Part
from earmark.synthesis.voices import ACCENTS, VARIANTS, Voice, voice

if TYPE_CHECKING:
    import subprocess

__all__ = ["ACCENTS", "DIGITS", "VARIANTS", "Voice", "synthesise", "voice"]

DIGITS: Mapping[str, str] = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
}
"""The ten English digits as they are spoken, by their labels."""

_PERFORM = "from earmark.synthesis.speaker import main; main()"


def synthesise(
    folder: Path,
    *,
    speakers: int,
    takes: int,
    seed: int = 0,
    words: Mapping[str, str] = DIGITS,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write clips of synthetic speech, named and laid out as in AudioMNIST.

    The clips are 16-bit mono wavs at 22,050 Hz, `{speaker}/{label}_{speaker}_{take}.wav` under
    `folder`: speakers count from 01, takes from 0. The same arguments give the same bytes; more
    speakers or takes change no clip of the earlier ones. Each clip appears whole or not at all.

    Parameters
    ----------
    folder
        Where the speakers' folders go; made if it is missing.
    speakers, takes
        How many speakers, and how often each of them says each word; at least 1.
    seed
        Another seed gives other speakers.
    words
        What is said, by the label that the clip's name begins with.
    workers
        Processes at a time; by default one a core.
    progress
        Called with the number of clips that one more speaker has just finished.

    Returns
    -------
    int
        Number of clips written.

    Raises
    ------
    MissingExtra
        When espeakng_loader is not installed.
    EarmarkError
        When an argument cannot be, espeak-ng does not work here, or the folder cannot be written.
    """
    workers = workers if workers is not None else usable_cores()
    _check_counts(speakers=speakers, takes=takes, workers=workers)
    _check_words(words)
    espeak.require()
    parts = [Part(str(folder), seed, n, takes, dict(words)) for n in range(1, speakers + 1)]
    written = 0
    for clips in _in_fresh_processes(parts, workers):
        written += clips
        if progress is not None:
            progress(clips)
    return written


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise EarmarkError(f"{name} must be at least 1, not {count}")


def _check_words(words: Mapping[str, str]) -> None:
    if not words:
        raise EarmarkError("words must hold at least one word to say")
    for label, text in words.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", label):
            raise EarmarkError(f"a label is letters, digits and hyphens, not {label!r}")
        if not any(character.isalnum() for character in text):
            raise EarmarkError(f"the text for label {label!r} says nothing: {text!r}")


def _in_fresh_processes(parts: list[Part], workers: int) -> Iterator[int]:
    from concurrent.futures import ThreadPoolExecutor, as_completed

    pool = ThreadPoolExecutor(workers, thread_name_prefix="speaker")
    try:
        for done in as_completed([pool.submit(_perform, part) for part in parts]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _perform(part: Part) -> int:
    import subprocess

    # A fork would inherit this process's threads, and multiprocessing's other ways would import
    # the caller's main module anew in every child.
    process = subprocess.run(
        [sys.executable, "-P", "-c", _PERFORM],
        input=part.to_json(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise EarmarkError(f"speaker {part.name} did not finish: {_reason(process)}")
    return part.takes * len(part.words)


def _reason(process: subprocess.CompletedProcess[str]) -> str:
    lines = process.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit status {process.returncode}"
