"""A publication that dies at one step: `python -m tests.faults.dying_trainer STEP`.

Everything is the trainer's own but the net, which is one of `tests.tiny_models`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from earmark.messaging.sender import Sender
from earmark.model.registry import Registry
from earmark.model.version_folders import CARD
from earmark.settings import Settings
from earmark.store import Store
from earmark.store.live_model import Board
from earmark.store.training_state import TrainingState
from tests import tiny_models
from tests.tiny_models import SECOND
from trainer import pipeline as real_training
from trainer import service as real_service
from trainer.service import Desk

service: Any = real_service
training: Any = real_training

STEPS: Mapping[str, tuple[Any, str, str]] = {
    "while training": (service, "_train", "before"),
    "after staging": (Registry, "staging", "after"),
    "after writing": (training.write_model, "write", "after"),
    "before renaming": (Registry, "publish", "before"),
    "after renaming": (Registry, "publish", "after"),
    "before promoting": (Registry, "promote", "before"),
    "within promoting": (Path, "replace", "before"),
    "after promoting": (Registry, "promote", "after"),
    "before announcing": (Board, "announce", "before"),
    "after announcing": (Board, "announce", "after"),
    "before relabelling": (Sender, "relabel", "before"),
    "before telling": (TrainingState, "end_training", "before"),
    "never": (TrainingState, "end_training", "after"),
}
HOLD = "hold"


def main(step: str) -> None:
    """Publish, and die at the step; at `hold`, wait for the file `go` with the lock in hand."""
    _make_quick()
    if step == HOLD:
        _hold_in_training()
    else:
        _die(*STEPS[step])
    settings = Settings.load()
    store = Store.at(settings.store_url)
    desk = Desk(settings, store, Registry(settings.models), Sender(settings), time.time)
    print(service.run(desk, recipe=None, force=True)["outcome"])


def _make_quick() -> None:
    """Put a tiny model in the place of a fit; the way of its publication is the real one."""

    def write(staged: Path, challenger: object, card: object) -> None:
        elsewhere = staged.parent / f".tiny-{os.getpid()}"
        tiny_models.publish(elsewhere, SECOND, loud=5)
        for file in (elsewhere / SECOND).iterdir():
            shutil.copy(file, staged / file.name)
        shutil.rmtree(elsewhere)
        assert (staged / CARD).exists()

    def fit(desk: Desk, *_: object) -> Any:
        published = training.publish(
            cast(Any, _Anything()), cast(Any, _Anything()), desk.registry, cast(Any, None)
        )
        return training.Result(
            outcome=training.PUBLISHED,
            reason="test",
            recipe="",
            inputs="",
            at="",
            version=published,
        )

    training.write_model.write = write
    training.card.fill = lambda *_, **__: {}
    training.fingerprint.of_data = lambda _: ""
    training.version_name = lambda *_: SECOND
    service._train = fit


class _Anything:
    table = None


def _die(owner: Any, name: str, when: str) -> None:
    original = getattr(owner, name)

    def dying(*args: Any, **options: Any) -> None:
        if when == "after":
            original(*args, **options)
        os._exit(9)

    setattr(owner, name, dying)


def _hold_in_training() -> None:
    fit = service._train

    def held(desk: Desk, *args: Any) -> Any:
        home = desk.settings.data.parent
        (home / "held").touch()
        while not (home / "go").exists():
            time.sleep(0.01)
        return fit(desk, *args)

    service._train = held


if __name__ == "__main__":
    main(sys.argv[1])
