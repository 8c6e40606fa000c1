"""The model that a worker process labels with: loaded after the fork, once per version."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from earmark.errors import CorruptModel, FrontEndMismatch, ModelError
from earmark.model.artifact import Announcement, Artefact
from earmark.model.classifier import Classifier
from earmark.model.registry import Registry
from earmark.store import Store

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
"""A model that was refused is tried again after so long: it may have been mended."""


class LiveModel:
    """Follows the announced model, and keeps the old one when anything is wrong with a new one.

    Parameters
    ----------
    registry
        The models' folder of this host; it need not hold the announced version.
    store
        Where the live model is announced, and where its bytes lie for hosts without the folder.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, registry: Registry, store: Store, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = registry
        self._store = store
        self._current: Classifier | None = None
        self._clock = clock
        self._refused: Announcement | None = None
        self._refused_until = 0.0

    def current(self) -> Classifier | None:
        """The model to label with; None while there is none at all."""
        announced = self._store.board.live() or self._announce_own()
        if announced is not None and not self._is_settled(announced):
            self._swap(announced)
        return self._current

    def _is_settled(self, announced: Announcement) -> bool:
        holds = self._current is not None and self._current.announcement == announced
        waits = self._refused == announced and self._clock() < self._refused_until
        return holds or waits

    def _swap(self, announced: Announcement) -> None:
        try:
            self._current = Classifier(self._artefact(announced))
        except (ModelError, FrontEndMismatch) as error:
            self._refused = announced
            self._refused_until = self._clock() + RETRY_SECONDS
            kept = self._current.version if self._current else "none"
            log.error("model %s is refused, %s stays: %s", announced.version, kept, error)
        else:
            log.info("labels with model %s from now on", announced.version)

    def _artefact(self, announced: Announcement) -> Artefact:
        stored = self._store.board.artefact(announced)
        if stored is not None:
            return stored
        artefact = self._registry.artefact(announced.version)
        if artefact.announcement != announced:
            raise CorruptModel(f"model {announced.version} on disk is not the announced one")
        return artefact

    def _announce_own(self) -> Announcement | None:
        try:
            artefact = self._registry.artefact(self._registry.live())
        except ModelError as error:
            log.warning("no model: %s", error)
            return None
        self._store.board.announce(artefact, only_if_none=True)
        return self._store.board.live()
