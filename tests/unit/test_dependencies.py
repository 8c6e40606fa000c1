"""What the code imports is declared where it is needed: in the base, or in an extra of users."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

OURS = {"earmark", "producer", "worker", "trainer", "dashboard"}
EXTRAS = {"earmark": ("analysis", "samples"), "trainer": ("trainer",), "dashboard": ("dashboard",)}
"""The extras whose packages a top-level package may import beside the base, inside functions."""
WITHOUT_EXTRAS = OURS - {"dashboard"}
"""What `earmark up` runs from a wheel without extras."""


@pytest.fixture(scope="module")
def declared(repository: Path) -> dict[str, set[str]]:
    """The distributions that the base ("") and each extra name, extras of ours followed."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    lists = {"": project["dependencies"], **project["optional-dependencies"]}

    def names(extra: str) -> Iterator[str]:
        for line in lists[extra]:
            found = re.match(r"earmark\[(.+)\]", line)
            for other in found[1].split(",") if found else ():
                yield from names(other)
            yield "" if found else plain(re.split(r"[\[<>=~ ]", line)[0])

    return {extra: set(names(extra)) for extra in lists}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def distributions() -> dict[str, set[str]]:
    return {top: set(map(plain, names)) for top, names in packages_distributions().items()}


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """The top-level names that a module imports, and whether it does when it is loaded."""
    tree = ast.parse(file.read_text())
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(function, ast.If) and "TYPE_CHECKING" in ast.unparse(function.test))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top not in OURS | sys.stdlib_module_names:
                yield top, id(node) not in late


def all_imports(repository: Path, top: str) -> set[tuple[str, str, bool]]:
    return {
        (file.relative_to(repository).as_posix(), name, at_once)
        for file in sorted((repository / top).rglob("*.py"))
        for name, at_once in imports(file)
    }


@pytest.mark.parametrize("top", sorted(WITHOUT_EXTRAS))
def test_what_a_module_imports_when_it_is_loaded_is_in_the_base(
    repository: Path, declared: dict[str, set[str]], top: str
) -> None:
    lacking = [
        f"{file} imports {name}"
        for file, name, at_once in sorted(all_imports(repository, top))
        if at_once and not distributions().get(name, set()) & declared[""]
    ]

    assert lacking == []


@pytest.mark.parametrize("top", sorted(OURS))
def test_whatever_is_imported_is_declared_for_users_too(
    repository: Path, declared: dict[str, set[str]], top: str
) -> None:
    allowed = declared[""].union(*(declared[extra] for extra in EXTRAS.get(top, ())))

    lacking = [
        f"{file} imports {name}"
        for file, name, _ in sorted(all_imports(repository, top))
        if not distributions().get(name, set()) & allowed
    ]

    assert lacking == []


def test_the_redis_transport_finds_what_it_imports(
    repository: Path, declared: dict[str, set[str]]
) -> None:
    import kombu.transport.redis

    names = {name for name, at_once in imports(Path(kombu.transport.redis.__file__)) if at_once}
    needed = set().union(*(distributions()[name] for name in names - {"kombu", "vine"}))
    assert {"packaging", "redis"} <= needed <= declared[""]
