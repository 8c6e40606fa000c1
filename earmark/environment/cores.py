"""How many cores this process may use: the machine's, its affinity's, its control group's."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may keep busy, at least 1.

    Parameters
    ----------
    root
        Where `proc` and `sys` are mounted.
    """
    cores = _affine_cores()
    return max(1, min([cores, *(math.ceil(quota) for quota in _quotas(root))]))


def _affine_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The quota of each control group around this process, in cores; version 2, then 1."""
    mounted = root / "sys/fs/cgroup"
    for controllers, path in _groups(root):
        if controllers == "":
            folders, read = [mounted], _quota_of_version_2
        elif "cpu" in controllers.split(","):
            folders, read = [mounted / controllers, mounted / "cpu"], _quota_of_version_1
        else:
            continue
        for folder in folders:
            for group in _with_parents(folder, path):
                with suppress(OSError, ValueError):
                    yield read(group)


def _groups(root: Path) -> Iterator[tuple[str, str]]:
    """Controllers and path of each control group that this process is in."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            yield controllers, path


def _with_parents(mounted: Path, path: str) -> Iterator[Path]:
    # In a container the group's own path may not be there: what is mounted is the group itself.
    group = mounted / path.strip("/")
    yield group
    if group != mounted and ".." not in group.parts:
        yield from _with_parents(mounted, str(Path(path).parent))


def _quota_of_version_2(group: Path) -> float:
    quota, period = (group / "cpu.max").read_text().split()
    return int(quota) / int(period)  # `max` is no number: no limit


def _quota_of_version_1(group: Path) -> float:
    quota = int((group / "cpu.cfs_quota_us").read_text())
    if quota <= 0:
        raise ValueError("no limit")
    return quota / int((group / "cpu.cfs_period_us").read_text())
