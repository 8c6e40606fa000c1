"""Asking for a training, and following it from afar."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from earmark.errors import NotRunning
from earmark.messaging.sender import Sender
from earmark.services.heartbeat import service_counts
from earmark.services.processes import ServiceName
from earmark.store import Store
from earmark.terminal import printable

_LOOK_SECONDS = 0.5
_CUT_OFF = "the training was cut off, for its trainer was ended: ask for it again"


@dataclass(frozen=True, slots=True)
class Asked:
    """A training that was asked for."""

    request: str
    """What its result will name."""
    after: str
    """The place in the stream of events behind which it will end."""


def ask(store: Store, sender: Sender, *, recipe: str | None, force: bool) -> Asked:
    """Queue a training."""
    after = store.events.newest_event()
    request = sender.train(recipe=recipe, force=force, asked_by=getpass.getuser())
    return Asked(request, after)


def follow(store: Store, asked: Asked, now: Callable[[], float]) -> dict[str, Any]:
    """Show the progress of trainings on stderr until the one that was asked for ends.

    Returns
    -------
    Its result.

    Raises
    ------
    NotRunning
        When no trainer is alive.
    """
    after = asked.after
    began = vanished = False
    with tqdm(unit="epoch", desc="training", disable=None) as bar:
        while True:
            for event in store.events.events(after, _LOOK_SECONDS):
                after = event.id
                if event.kind == "training" and event.fields.get("request") == asked.request:
                    result: dict[str, Any] = event.fields["result"]
                    return result
            progress = store.training.training()
            _show(bar, progress)
            if vanished:  # and its result, which comes right after, did not come
                return {"outcome": "failed", "reason": _CUT_OFF}
            is_ours = progress is not None and progress.get("request") == asked.request
            vanished = began and not is_ours
            began |= is_ours
            _insist_on_a_trainer(store, now())


def _show(bar: Any, progress: dict[str, Any] | None) -> None:
    if progress is None:
        return
    if bar.total != progress.get("epochs"):  # timed from its first epoch on
        bar.reset(progress.get("epochs"))
    bar.n = progress.get("epoch", 0)
    bar.set_postfix_str(printable(progress.get("step", "")))
    bar.refresh()


def _insist_on_a_trainer(store: Store, now: float) -> None:
    if not service_counts(store.heartbeats.alive(now))[ServiceName.TRAINER]:
        raise NotRunning("no trainer is alive: start one with `earmark up` or `earmark trainer`")
