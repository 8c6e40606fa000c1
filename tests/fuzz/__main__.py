"""`make fuzz`, or `python -m tests.fuzz --inputs 100000 --seed 0`; exit code 1 on any finding."""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.running import Tally, files, run, run_structured
from tests.fuzz.trials import trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=110_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="this input alone, with its traceback")
    asked = parser.parse_args()
    if asked.only is not None:
        print(trial(*files(), asked.only, asked.seed))
        return 0
    began = time.monotonic()
    tally = run(asked.inputs, asked.seed)
    structured = run_structured(tally)
    _print(tally, asked.inputs, asked.seed, structured, time.monotonic() - began)
    return 1 if tally.findings else 0


def _print(tally: Tally, inputs: int, seed: int, structured: int, seconds: float) -> None:
    wavs, zips = files()
    print(f"{sum(tally.ends.values()):,} of {inputs:,} damaged files, seed {seed}, {seconds:.0f} s")
    print(f"  made from {len(wavs)} wavs and {len(zips)} zips; {structured:,} more by hypothesis")
    for end, count in tally.ends.most_common():
        print(f"  {count:>9,}  {end}")
    print(f"  slowest {tally.slowest_seconds:.2f} s; memory {tally.grown_mb:+.0f} MB from the "
          f"first to the last, {tally.peak_mb:.0f} MB at most")  # fmt: skip
    print(f"  findings: {len(tally.findings)}")
    for finding in tally.findings:
        print(f"- {finding}")


if __name__ == "__main__":
    sys.exit(main())
