"""`make test-install`, or `python -m tests.install [NAME...]`: what is installed starts.

Builds the wheel from what `.dockerignore` admits, by the Dockerfile's own steps, and outside of the
checkout runs it alone, in the environment of each image, and as docker-compose.yml puts the images
together. The users, network and confinement of containers are an engine's own, and are not tried.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.install.installations import compose, dashboard, trainer, wheel, worker
from tests.install.processes import Failed
from tests.install.stages import StepFailed
from tests.install.workspace import Workspace

_REPOSITORY = Path(__file__).resolve().parents[2]
_TRIALS: Mapping[str, Callable[[Workspace], str]] = {
    "the wheel alone": wheel,
    "locks/worker.txt": worker,
    "locks/trainer.txt": trainer,
    "locks/dashboard.txt": dashboard,
    "docker-compose.yml": compose,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.install", description=__doc__)
    parser.add_argument("only", nargs="*", help="a part of the names of what is to be tried")
    only = parser.parse_args().only
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left running
    if os.getuid() != 0:
        print("without root all runs as one user: whether another may write is not tried")
    began = time.monotonic()
    tried = [name for name in _TRIALS if not only or any(part in name for part in only)]
    with tempfile.TemporaryDirectory(prefix="em-install-") as folder:
        Path(folder).chmod(0o755)
        workspace = Workspace(_REPOSITORY, Path(folder))
        passed = [_passes(name, workspace) for name in tried]
    told = f"{sum(passed)} of {len(tried)} installations start and label a clip"
    print(f"test-install: {told}, {time.monotonic() - began:.0f} s")
    return 0 if all(passed) else 1


def _passes(name: str, workspace: Workspace) -> bool:
    began = time.monotonic()
    try:
        told = _TRIALS[name](workspace)
    except (AssertionError, Failed, StepFailed, subprocess.SubprocessError, OSError) as error:
        print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)
        return False
    print(f"passed  {name}: {told}, {time.monotonic() - began:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
