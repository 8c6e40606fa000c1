"""A training as the service does it: load, train, evaluate, publish, announce."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from earmark.admin.promote import succeed
from earmark.audio.decode import Limits
from earmark.audio.reader import inside
from earmark.datasets.table import from_store
from earmark.errors import EarmarkError, MissingExtra, ModelError, TrainingBusy
from earmark.frontends import FrontEnd, front_end
from earmark.frontends.extract import Extracted, extract_files
from earmark.messaging.sender import Sender
from earmark.model.registry import Registry
from earmark.settings import Settings
from earmark.store import Store
from earmark.store.training_state import TrainingLock
from earmark.wording import counted
from trainer.data.material import Material
from trainer.evaluate.challenger import Terms
from trainer.net.fit import Epoch
from trainer.net.tensorflow import insist_on_tensorflow
from trainer.pipeline import PUBLISHED, Result, train
from trainer.recipes import recipe as recipe_of
from trainer.schedule import truths as count_truths

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

FAILED = "failed"
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a training needs at hand.

    Parameters
    ----------
    clock
        Seconds since the epoch.
    """

    settings: Settings
    store: Store
    registry: Registry
    sender: Sender
    clock: Callable[[], float]

    @property
    def limits(self) -> Limits:
        return self.settings.limits

    @property
    def material(self) -> Material:
        return Material.of_store(self.settings, self.store)


def run(desk: Desk, *, recipe: str | None, force: bool, request: str = "") -> Mapping[str, Any]:
    """Train once, if nobody else trains, and tell everybody how it ended.

    Parameters
    ----------
    request
        Which request the training answers, as `Sender.train` named it.
    """
    try:
        with desk.store.training.training_lock(request) as lock:
            result = _trained(desk, lock, recipe or desk.settings.recipe, force)
            desk.store.training.end_training(result, request)
    except TrainingBusy as error:
        result = {"outcome": FAILED, "reason": str(error)}
        desk.store.training.tell_result(result, request)
    log.info("%s", result["reason"])
    return result


def announce(desk: Desk) -> None:
    """Tell the workers which model is live; the folder wins over what the store remembers."""
    try:
        artefact = desk.registry.artefact(desk.registry.live())
    except ModelError as error:
        log.warning("no model is announced: %s", error)
        return
    desk.store.board.announce(artefact)
    log.info("model %s is live", artefact.announcement.version)


def warn_if_it_cannot_train() -> None:
    """Say once, at the start, that every training will be refused, and why."""
    try:
        insist_on_tensorflow()
    except MissingExtra as error:
        log.warning("%s; until then every training is refused", error)


def _trained(desk: Desk, lock: TrainingLock, recipe: str, force: bool) -> dict[str, Any]:
    last = desk.store.training.last_training() or {}
    truths = count_truths(desk.store)
    try:
        result = _train(desk, lock, recipe, force, last).as_json()
    except EarmarkError as error:
        return last | {"outcome": FAILED, "reason": str(error), "inputs": None, "truths": truths}
    if result["outcome"] == PUBLISHED:
        succeed(desk.store, desk.sender, desk.registry.artefact(desk.registry.live()))
    return result | {"truths": truths}


def _train(
    desk: Desk, lock: TrainingLock, recipe: str, force: bool, last: Mapping[str, Any]
) -> Result:
    insist_on_tensorflow()
    chosen = recipe_of(recipe)

    def tell(step: str, **how_far: int) -> None:
        desk.store.training.tell_training({"step": step, "request": lock.request, **how_far})

    def progress(epoch: Epoch) -> None:
        tell("fitting", epoch=epoch.epoch, epochs=epoch.epochs)

    tell("loading clips")
    table = load(desk, front_end(chosen.front_end))

    return train(
        table,
        recipe=chosen,
        registry=desk.registry,
        terms=Terms.of(desk.settings),
        now=datetime.fromtimestamp(desk.clock(), UTC),
        last=last,
        force=force,
        material=desk.material,
        progress=progress,
        before_publishing=lock.renew,
    )


def load(desk: Desk, extractor: FrontEnd) -> pd.DataFrame:
    """All clips with a truth; vectors that the store lacks are extracted and stored."""
    stored = from_store(desk.store, extractor)
    if not stored.lacking:
        return stored.table
    log.info("extracts %s without %s", counted(len(stored.lacking), "clip"), extractor.name)
    for start in range(0, len(stored.lacking), _CHUNK):
        _extract(desk, extractor, stored.lacking[start : start + _CHUNK])
    return from_store(desk.store, extractor).table


def _extract(desk: Desk, extractor: FrontEnd, paths: list[str]) -> None:
    inbox = desk.settings.inbox.resolve()
    files = (inside(inbox, path) for path in paths)
    outcomes = extract_files(files, extractor, desk.limits)
    found = {each.digest: each.vector for each in outcomes if isinstance(each, Extracted)}
    desk.store.vectors.put(extractor, found)
