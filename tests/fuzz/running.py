"""Runs the inputs in a process of their own, which may die or hang without harm."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.fuzz import corpus
from tests.fuzz.trials import hear, trial

Files = tuple[list[bytes], list[bytes]]

HANG_SECONDS = 10.0
"""An input that takes longer hangs."""
MOST_GROWTH_MB = 400
"""What hundred thousand inputs may add to the memory of the process that reads them."""
MOST_FINDINGS = 20
REPORT_EVERY = 500


@dataclass
class Tally:
    """How the inputs ended."""

    ends: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    grown_mb: float = 0.0
    peak_mb: float = 0.0


def run_structured(tally: Tally) -> int:
    """Let hypothesis build files from chunks; it names the smallest that ends badly."""
    from tests.fuzz import structured

    try:
        structured.all_end_well()
    except Exception:  # whatever it is, it is a finding
        tally.findings.append(f"hypothesis:\n{traceback.format_exc(limit=-6)}")
    return structured.EXAMPLES


def run(inputs: int, seed: int) -> Tally:
    """Put inputs through a process of their own, and a new one behind each that it does not
    survive."""
    tally = Tally()
    start = 0
    while start < inputs and len(tally.findings) < MOST_FINDINGS:
        start = _run_from(start, inputs, seed, tally)
    if tally.grown_mb > MOST_GROWTH_MB:
        tally.findings.append(f"memory grew by {tally.grown_mb:.0f} MB")
    return tally


def _run_from(start: int, inputs: int, seed: int, tally: Tally) -> int:
    """Answers the number of the first input that is still to be done."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    at = context.Value("q", start, lock=False)
    reader = context.Process(target=_read, args=(start, inputs, seed, at, theirs))
    reader.start()
    theirs.close()
    try:
        _listen(reader, mine, at, tally)
    finally:
        reader.kill()
        reader.join()
    return int(at.value) + 1


def _listen(reader: Any, mine: Connection, at: Any, tally: Tally) -> None:
    seen, since = -1, time.monotonic()
    while True:
        try:
            if mine.poll(1.0):
                _add(tally, mine.recv())
        except EOFError:
            reader.join(HANG_SECONDS)
            if reader.exitcode != 0:
                tally.findings.append(f"input {at.value}: the process died ({reader.exitcode})")
            return
        if at.value != seen:
            seen, since = at.value, time.monotonic()
        elif time.monotonic() - since > HANG_SECONDS:
            tally.findings.append(f"input {at.value}: hangs")
            return


def _read(start: int, inputs: int, seed: int, at: Any, tell: Connection) -> None:
    warnings.simplefilter("error")
    wavs_and_zips = files()
    for clip in wavs_and_zips[0]:  # what is loaded late is no growth
        hear(clip)
    before = _resident_mb()
    for part in range(start, inputs, REPORT_EVERY):
        tally = Tally()
        for number in range(part, min(part + REPORT_EVERY, inputs)):
            at.value = number
            _try(wavs_and_zips, number, seed, tally)
        tally.grown_mb, tally.peak_mb = _resident_mb() - before, _peak_mb()
        tell.send(tally)
    at.value = inputs


def _try(wavs_and_zips: Files, number: int, seed: int, tally: Tally) -> None:
    began = time.perf_counter()
    try:
        tally.ends[trial(*wavs_and_zips, number, seed)] += 1
    except Exception:  # whatever it is, it is a finding
        tally.findings.append(f"input {number}:\n{traceback.format_exc(limit=-4)}")
    tally.slowest_seconds = max(tally.slowest_seconds, time.perf_counter() - began)


def _add(tally: Tally, part: Tally) -> None:
    tally.ends += part.ends
    tally.findings += part.findings
    tally.slowest_seconds = max(tally.slowest_seconds, part.slowest_seconds)
    tally.grown_mb, tally.peak_mb = part.grown_mb, max(tally.peak_mb, part.peak_mb)


def files() -> Files:
    named = os.environ.get("EARMARK_FSDD")
    folder = Path(named) if named else Path("../shared/data/fsdd/recordings")
    wavs = corpus.wavs(folder if folder.is_dir() else None)
    return wavs, corpus.zips(wavs)


def _resident_mb() -> float:
    """What this process holds now; where the system does not tell, what it held at most."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return _peak_mb()
    return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
