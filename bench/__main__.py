"""`python -m bench [--quick]`: everything, and one table at the end."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from bench import capacity, extractor, growth, latency, pipeline, reconciling, starting, training
from bench.parts import Setting, setting
from bench.table import Part, Row, table

CAVEATS = """\
- A machine that does other things tells other numbers: the ratios of one run were taken side by
  side and hold, the rates and times may not. Both ends of the table's run are told below.
- Ours counts from files to labels stored, the peers from files to vectors stored: they have no
  ledger, no net, no watching and no readiness check, and are not asked for them. Their processes
  are warm, with librosa imported; they are timed on a sample of the same files. All use one
  store, which flushes every write to disk, and one numeric thread a process.
- The limit of the pipeline is our own extractor in a pool of as many processes, before and after
  ours. It has no store and no label, so the store's and the producer's share of the cores is
  missing from it.
- Backlogs repeat the real clips under other names, by hard links; repeated clips share their
  vector, so the memory of a clip is measured on synthetic records, each with its own.
- Latency ends when the record can be read, as seen by a reader that looks every millisecond."""

PARTS: Mapping[str, Callable[[Setting], Part]] = {
    "extractor": lambda given: Part(extractor.rows(given.quick)),
    "pipeline": pipeline.part,
    "latency": latency.part,
    "starting": starting.part,
    "growth": growth.part,
    "capacity": capacity.part,
    "reconciling": reconciling.part,
    "training": training.part,
}


def main() -> int:
    """Measure all parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench")
    parser.add_argument("--quick", action="store_true", help="fewer clips and rounds: 2 minutes")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all, if none is named")
    asked = parser.parse_args()
    began = time.monotonic()
    found: dict[str, Part] = {}
    failed = False
    with setting(asked.quick) as given:
        for name in asked.parts or PARTS:
            print(f"measures {name} ...", file=sys.stderr, flush=True)
            try:
                found[name] = PARTS[name](given)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                found[name] = Part([], [f"{name} could not be measured: {error}"])
                failed = True
        about = given.corpus.about
    _print(found, about, time.monotonic() - began)
    return 1 if failed else 0


def _print(found: Mapping[str, Part], about: str, seconds: float) -> None:
    rows: list[Row] = [row for part in found.values() for row in part.rows]
    print(table(rows))
    print(f"\nMeasured in {seconds:.0f} s on {about}.")
    for part in found.values():
        for note in part.notes:
            print(f"- {note}")
    print(f"\nCaveats\n{CAVEATS}\n{extractor.CAVEATS.removeprefix('Caveats').strip()}")


if __name__ == "__main__":
    sys.exit(main())
