"""The cores that a process may use, read off control groups as they are mounted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from earmark.environment import cores
from earmark.environment.cores import usable_cores


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_affine_cores", lambda: 16)


def machine(root: Path, groups: str, **files: str) -> Path:
    """A tree of `proc` and `sys`; a file's name has `__` for `/`."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, content in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("cpu_", "cpu.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_without_control_groups_it_is_the_affinity(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 16


@pytest.mark.parametrize(
    ("quota", "usable"),
    [("200000 100000\n", 2), ("150000 100000\n", 2), ("10000 100000\n", 1), ("max 100000\n", 16)],
)
def test_the_quota_of_a_container_counts(tmp_path: Path, quota: str, usable: int) -> None:
    assert usable_cores(machine(tmp_path, "0::/\n", cpu_max=quota)) == usable


def test_the_strictest_group_above_counts(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "0::/pod/container\n",
        pod__container__cpu_max="max 100000\n",
        pod__cpu_max="300000 100000\n",
    )

    assert usable_cores(root) == 3


def test_the_quota_of_the_first_version_counts(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n",
        cpu__cpu_cfs_quota_us="400000\n",
        cpu__cpu_cfs_period_us="100000\n",
    )

    assert usable_cores(root) == 4


def test_no_quota_of_the_first_version_is_no_limit(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "4:cpu:/\n",
        cpu__cpu_cfs_quota_us="-1\n",
        cpu__cpu_cfs_period_us="100000\n",
    )

    assert usable_cores(root) == 16


def test_what_cannot_be_understood_is_no_limit(tmp_path: Path) -> None:
    assert usable_cores(machine(tmp_path, "0::/a/../..\n", cpu_max="soon\n")) == 16


def test_the_affinity_is_this_processs_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    if sys.platform != "linux":
        assert usable_cores(tmp_path) == os.cpu_count()
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(before)])
    try:
        assert usable_cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)
