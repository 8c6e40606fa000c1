"""The rules of the layout that a machine can see, read off syntax trees and tracked files."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import earmark
from earmark.cli.app import COMMANDS

ROOMS = ("producer", "worker", "trainer", "dashboard")
"""They import the core and never one another; the core imports none of them."""

HEAVY = {"keras", "librosa", "matplotlib", "pandas", "sklearn", "tensorflow"}
"""Libraries that no process loads only because it imports one of our modules."""

REDIS_ROOMS = ("earmark/store", "earmark/model/registry.py", "earmark/messaging")
"""Where Redis commands stand; `embedded_redis` starts the server and may ask it for a pong."""

LAYERS = {
    "earmark": (
        "errors masking recipe_names truth wording",
        "clips environment terminal",
        "files audio synthesis",
        "frontends settings",
        "model",
        "store",
        "annotations datasets services",
        "analysis inbox messaging",
        "admin",
        "cli",
    ),
    "trainer": (
        "augment",
        "recipes",
        "data",
        "net",
        "evaluate",
        "publish",
        "pipeline",
        "offline schedule",
        "service",
        "app",
    ),
    "dashboard": (
        "auth index plots",
        "context",
        "monitoring",
        "live projection uploads",
        "api",
        "pages",
        "app",
    ),
}
"""Modules and packages of a top-level package, the lowest first: each imports from below alone."""

ABOVE_ALL = {"__init__", "__main__"}
"""Modules of a top-level package that may import all of its layers."""

WITHOUT_A_TEST_FILE = Path(__file__).parent / "without_a_test_file.txt"
"""Modules that are tested elsewhere, under another name; a line may go and none may come."""
MOST_WITHOUT_A_TEST_FILE = 86

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


def layer_of(name: str) -> str:
    """The part of a top-level package that a module stands in: `earmark.store.keys` in `store`."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def module_name(path: Path, repository: Path) -> str:
    parts = path.relative_to(repository).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(repository: Path, top: str) -> dict[str, set[str]]:
    """Which of its own modules each module imports anywhere, for type checkers alone, too."""
    files = {module_name(path, repository): path for path in python_files(repository, top)}
    return {
        name: {
            f"{module}.{member}" if f"{module}.{member}" in files else module
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module
            for module, member in ((node.module, alias.name) for alias in node.names)
            if module in files or f"{module}.{member}" in files
        }
        - {name}
        for name, path in files.items()
    }


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle; empty when there is none."""
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
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


@pytest.mark.parametrize("top", LAYERS)
def test_every_module_stands_in_a_layer(repository: Path, top: str) -> None:
    listed = {name for layer in LAYERS[top] for name in layer.split()}

    found = {layer_of(module_name(path, repository)) for path in python_files(repository, top)}

    assert found - ABOVE_ALL == listed


@pytest.mark.parametrize("top", LAYERS)
def test_a_layer_imports_only_from_below(repository: Path, top: str) -> None:
    height = {name: index for index, layer in enumerate(LAYERS[top]) for name in layer.split()}

    upwards = [
        f"{name} imports {other}"
        for name, others in import_graph(repository, top).items()
        if layer_of(name) not in ABOVE_ALL
        for other in others
        if layer_of(other) != layer_of(name)
        if layer_of(other) in ABOVE_ALL - {"__init__"}
        or height.get(layer_of(other), -1) >= height[layer_of(name)]
    ]

    assert upwards == []


@pytest.mark.parametrize("top", ["earmark", *ROOMS])
def test_no_modules_import_one_another_in_a_circle(repository: Path, top: str) -> None:
    assert circle_in(import_graph(repository, top)) == []


def test_a_circle_is_found() -> None:
    assert set(circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


def test_no_module_hides_a_public_function(repository: Path) -> None:
    beside = {path.stem for path in (repository / "earmark").iterdir()}

    assert beside & set(earmark.__all__) == set()


def test_each_commands_module_is_the_one_that_the_table_names(repository: Path) -> None:
    program = (
        "import json, sys; from earmark.cli import app, load_commands; load_commands()\n"
        "commands = {each.name or each.callback.__name__: each.callback.__module__"
        " for each in app.app.registered_commands}\n"
        "groups = {group.name: each.callback.__module__"
        " for group in app.app.registered_groups"
        " for each in group.typer_instance.registered_commands}\n"
        "print(json.dumps(commands | groups))"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )

    assert json.loads(found.stdout) == {
        name: f"earmark.cli.{module}" for name, module in COMMANDS.items()
    }


def test_every_module_has_a_test_file_of_its_path(repository: Path) -> None:
    allowed = WITHOUT_A_TEST_FILE.read_text().split()

    lacking = [
        name
        for path in python_files(repository, "earmark", *ROOMS)
        if path.name not in ("__init__.py", "__main__.py")
        for name in [path.relative_to(repository).as_posix()]
        if not (repository / "tests/unit" / name).with_name(f"test_{path.name}").exists()
    ]

    assert lacking == allowed
    assert len(allowed) <= MOST_WITHOUT_A_TEST_FILE
