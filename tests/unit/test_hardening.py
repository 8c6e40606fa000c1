"""What could let somebody in, read off the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from celery.beat import PersistentScheduler, Scheduler
from kombu.utils.imports import symbol_by_name

from earmark.messaging.celery_app import configuration
from earmark.messaging.messages import TRAINING
from earmark.settings import Settings

ROOMS = ("earmark", "producer", "worker", "trainer", "dashboard")
CODE_IN_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
"""Modules that run what they read."""


def trees(repository: Path) -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((repository / room).rglob("*.py")):
            yield str(path.relative_to(repository)), ast.parse(path.read_text())


def calls(repository: Path, *names: str) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Where a function of one of the names is called, and with which keywords."""
    for path, tree in trees(repository):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_one_of(ast.unparse(node.func), names):
                keywords = {each.arg: each.value for each in node.keywords if each.arg}
                yield f"{path}:{node.lineno}", keywords


def _is_one_of(called: str, names: tuple[str, ...]) -> bool:
    return called in names or called.rpartition(".")[2] in names


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def says(keywords: dict[str, ast.expr], name: str, value: bool) -> bool:
    found = keywords.get(name)
    return isinstance(found, ast.Constant) and found.value is value


def test_nothing_reads_data_that_can_hold_code(repository: Path) -> None:
    readers = [
        f"{path}: {ast.unparse(node)}"
        for path, tree in trees(repository)
        for node in ast.walk(tree)
        if any(name.partition(".")[0] in CODE_IN_DATA for name in imported(node))
    ]

    assert readers == []


def test_no_schedule_is_kept_in_a_shelve(repository: Path) -> None:
    """Celery's own persistent scheduler unpickles its file."""
    named = [
        path
        for path, tree in trees(repository)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute | ast.alias)
        if "PersistentScheduler" in ast.unparse(node)
    ]
    scheduler = symbol_by_name(configuration(Settings(), (TRAINING,))["beat_scheduler"])

    assert named == []
    assert issubclass(scheduler, Scheduler)
    assert not issubclass(scheduler, PersistentScheduler)


def test_keras_models_are_loaded_in_safe_mode(repository: Path) -> None:
    found = list(calls(repository, "load_model"))

    assert found
    assert [where for where, keywords in found if not says(keywords, "safe_mode", True)] == []


def test_arrays_are_loaded_without_pickle(repository: Path) -> None:
    found = list(calls(repository, "np.load", "numpy.load"))

    assert found
    assert [where for where, keywords in found if not says(keywords, "allow_pickle", False)] == []


def test_nothing_goes_through_a_shell_or_is_unpacked_blindly(repository: Path) -> None:
    shells = [where for where, words in calls(repository, "run", "Popen") if "shell" in words]
    blind = list(calls(repository, "extractall", "os.system", "unpack_archive", "eval", "exec"))

    assert shells == []
    assert [where for where, _ in blind] == []
