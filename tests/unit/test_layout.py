"""The house rules that a machine can see, read off the syntax trees and the tracked files."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = ("producer", "worker", "trainer", "dashboard")
"""They import the core and never one another; the core imports none of them."""

HEAVY = {"keras", "librosa", "matplotlib", "pandas", "sklearn", "tensorflow"}
"""Libraries that no process loads only because it imports one of our modules."""

REDIS_ROOMS = ("earmark/store", "earmark/model/registry.py", "earmark/messaging")
"""Where Redis commands stand; `embedded_redis` starts the server and may ask it for a pong."""

NO_NAMES = {"common", "helpers", "manager", "managers", "misc", "util", "utils"}

REGISTRIES = (
    r"\bpypi\." + "org",
    "python" + "hosted",
    r"\bnpmjs\." + "(org|com)",
    r"\bdeb\." + r"debian\.org",
    r"\bcrates\." + "io",
)
"""Hosts of package registries; put together here, so that this file names none itself."""


def python_files(repository: Path, *folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((repository / folder).rglob("*.py"))]


def imported(path: Path, *, when_loaded: bool = False) -> set[str]:
    """The absolute names that a module imports: anywhere, or only when it is loaded itself."""
    tree = ast.parse(path.read_text(), str(path))
    nodes = loaded_nodes(tree) if when_loaded else ast.walk(tree)
    return {name for node in nodes for name in names_of(node)}


def loaded_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything but the bodies of functions and what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for otherwise in child.orelse:
                yield otherwise
                yield from loaded_nodes(otherwise)
            continue
        yield child
        yield from loaded_nodes(child)


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def tracked_files(repository: Path) -> list[Path]:
    """What git tracks or would take; in an unpacked archive, all but hidden folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
        paths = [repository / name for name in names]
    else:
        shown = [top for top in repository.iterdir() if not top.name.startswith(".")]
        paths = [path for top in shown for path in (top, *top.rglob("*"))]
    return [path for path in paths if path.is_file()]


def test_relative_imports_are_not_used(repository: Path) -> None:
    relative = [
        f"{path.relative_to(repository)}:{node.lineno}"
        for path in python_files(repository, "earmark", *ROOMS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


@pytest.mark.parametrize("room", ["earmark", *ROOMS])
def test_the_core_stands_alone_and_no_room_enters_another(repository: Path, room: str) -> None:
    others = set(ROOMS) - {room}

    trespasses = {
        str(path.relative_to(repository)): found
        for path in python_files(repository, room)
        if (found := roots(imported(path)) & others)
    }

    assert trespasses == {}


def test_redis_is_spoken_in_the_store_the_registry_and_the_jobs_alone(repository: Path) -> None:
    speakers = [
        path.relative_to(repository).as_posix()
        for path in python_files(repository, "earmark", *ROOMS)
        if roots(imported(path)) & {"redis", "valkey"}
    ]

    allowed = (*REDIS_ROOMS, "earmark/services/embedded_redis.py")
    assert [name for name in speakers if not name.startswith(allowed)] == []


def test_heavy_libraries_are_imported_late(repository: Path) -> None:
    eager = {
        str(path.relative_to(repository)): found
        for path in python_files(repository, "earmark", "producer", "worker", "dashboard")
        if (found := roots(imported(path, when_loaded=True)) & HEAVY)
    }

    assert eager == {}


@pytest.mark.parametrize(
    "app", ["producer.__main__", "worker.app", "trainer.app", "earmark.cli", "dashboard.app"]
)
def test_a_process_starts_without_the_heavy_libraries(repository: Path, app: str) -> None:
    program = f"import sys, {app}; print(*sorted({HEAVY} & sys.modules.keys()))"

    started = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
    )

    assert started.returncode == 0, started.stderr
    assert started.stdout.split() == []


def test_every_module_has_a_name_that_tells_its_purpose(repository: Path) -> None:
    modules = python_files(repository, "earmark", *ROOMS, "bench", "tests")
    vague = [
        str(path.relative_to(repository))
        for path in modules
        if NO_NAMES & {path.stem, *path.relative_to(repository).parts}
    ]

    assert vague == []


def test_pyproject_lists_every_package(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text())
    listed = set(settings["tool"]["setuptools"]["packages"])

    packages = {
        ".".join(path.parent.relative_to(repository).parts)
        for path in python_files(repository, "earmark", *ROOMS)
    }

    assert listed == packages | {"earmark.shipped"}


def test_no_file_names_the_host_of_a_package_registry(repository: Path) -> None:
    hosts = re.compile("|".join(REGISTRIES).encode())

    naming = [
        str(path.relative_to(repository))
        for path in tracked_files(repository)
        if hosts.search(path.read_bytes())
    ]

    assert naming == []
