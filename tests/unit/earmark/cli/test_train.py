"""The commands that train: exit codes, and JSON whatever happens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from earmark.store import Store
from tests.command_line import answer, call, earmark_command


def request_of(store: Store) -> str:
    """Which training is asked for, once it is."""
    redis: Any = store.connection
    _, message = redis.brpop("earmark:celery:training", timeout=20)
    return str(json.loads(message)["headers"]["id"])


@contextmanager
def a_trainer_that_answers(store: Store, result: dict[str, Any]) -> Iterator[None]:
    store.heartbeats.sign_of_life("trainer@here:1", time.time())
    trainer = threading.Thread(
        target=lambda: store.training.tell_result(result, request_of(store)), daemon=True
    )
    trainer.start()
    yield
    trainer.join(20)


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("outcome", "code"), [("published", 0), ("unchanged", 0), ("failed", 1), ("refused", 3)]
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_whoever_waits_learns_the_end_from_the_exit_code(
    store: Store, outcome: str, code: int, form: tuple[str, ...]
) -> None:
    result = {"outcome": outcome, "reason": "for a test"}

    with a_trainer_that_answers(store, result):
        ended = call("train", "--wait", *form)

    assert ended.exit_code == code
    assert (json.loads(ended.stdout) if form else ended.stdout) == (
        result if form else "for a test\n"
    )


@pytest.mark.usefixtures("online")
def test_a_training_that_nobody_waits_for_is_told_as_json_too(store: Store) -> None:
    asked = answer("train")

    assert asked["outcome"] == "asked"
    assert asked["request"] == request_of(store)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({}, 1, "nothing answers at unix://"),
        ({"EARMARK_RECIPE": "moon"}, 2, "EARMARK_RECIPE is 'moon': Input should be 'notebook', "),
    ],
    ids=["no store", "a wrong setting"],
)
def test_a_training_that_cannot_be_asked_for_is_told_as_json_and_as_a_line(
    repository: Path, more: dict[str, str], code: int, reason: str
) -> None:
    ended = earmark_command(repository, "train", "--json", **more)

    told = json.loads(ended.stdout)
    assert ended.returncode == code
    assert told["outcome"] == "failed"
    assert told["reason"].startswith(reason)
    assert ended.stderr == f"earmark: {told['reason']}\n"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", [["train"], ["crossval", "recordings"]], ids=" ".join)
def test_a_recipe_that_there_is_not_is_refused_at_once(command: list[str]) -> None:
    ended = call(*command, "--recipe", "bogus")

    assert ended.exit_code == 2
    assert "'bogus' is not one of 'notebook', 'scaled', 'time'" in ended.stderr
