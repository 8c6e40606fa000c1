"""All that pages and interface have at hand, passed explicitly to each of them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dashboard.index.recent import Pulse
from dashboard.index.sqlite_index import Index
from dashboard.index.sync import Follower
from earmark.admin.request_training import ask
from earmark.admin.retry import retry
from earmark.annotations import corrections, labels_csv
from earmark.clips import Record
from earmark.messaging.sender import Sender
from earmark.model.registry import Registry
from earmark.settings import Settings
from earmark.store import Store
from earmark.truth import Told, Truth

INDEX_FILE = "dashboard.sqlite"


@dataclass(frozen=True, slots=True)
class House:
    """The settings, the store and what the dashboard keeps beside it."""

    settings: Settings
    store: Store
    sender: Sender
    registry: Registry
    index: Index
    follower: Follower
    pulse: Pulse
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
    cache: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, *, wait_seconds: float = 30) -> House:
        """Connect to the store and open the index."""
        store = Store.at(settings.store_url, wait_seconds=wait_seconds)
        index = Index(settings.data / INDEX_FILE)
        follower = Follower(store, index)
        pulse = Pulse(index.latest(Pulse.SHOWN))
        follower.listen(pulse.beat)
        settings.inbox.mkdir(parents=True, exist_ok=True)
        registry = Registry.of(settings)
        return cls(settings, store, Sender(settings), registry, index, follower, pulse)

    def correct(self, path: str, digit: Truth, *, speaker: str | None, by: str) -> Record:
        """Take a person's word for what is spoken in a clip.

        Raises
        ------
        LabelError
            When there is no such clip.
        """
        at = datetime.fromtimestamp(self.clock(), UTC)
        line = labels_csv.statement(path, digit, speaker=speaker, by=by, at=at)
        record = corrections.correct(self.store.clips, self.settings.labels_file, line)
        self.index.record([record])
        return record

    def take_back(self, before: Record, corrected: Record) -> Record:
        """Undo a correction of this dashboard: on disk first, then in the store.

        Parameters
        ----------
        before, corrected
            The record as it was before the correction, and after it.
        """
        lines = list(labels_csv.read(self.settings.labels_file))
        newest = next((line for line in reversed(lines) if line.path == before.path), None)
        said = (corrected.truth, corrected.truth_by)
        if newest is not None and (newest.told.digit, newest.told.by) == said:
            labels_csv.rewrite(self.settings.labels_file, lambda line: line != newest)
        # A name speaks for itself again; a clip of which nothing was known is untold once more.
        self.store.clips.correct(before.path, Told(before.truth, before.speaker, before.truth_by))
        if not self.store.clips.swap([(corrected, before)]):
            [found] = self.store.clips.records([before.path])
            before = found or before
        self.index.record([before])
        return before

    def retry(self, paths: list[str] | None) -> int:
        """Let failed clips be tried again; all that there is room for when none is named."""
        retried = retry(self.store.clips, paths, limit=self.settings.queue_limit)
        for start in range(0, len(paths or ()), 1_000):
            found = self.store.clips.records((paths or [])[start : start + 1_000])
            self.index.record(record for record in found if record is not None)
        return retried.clips

    def promote(self, version: str) -> None:
        """Make a version the live one, and tell the workers.

        Raises
        ------
        ModelError
            When there is no such version, or it is not what its card says.
        """
        self.registry.promote(version)
        self.store.board.announce(self.registry.artefact(version))

    def rollback(self) -> str:
        """Make the version before the live one the live one; answers its name."""
        version = self.registry.before(self.registry.live())
        self.promote(version)
        return version

    def train(self, *, recipe: str | None = None, force: bool = False) -> str:
        """Ask for a training; answers the place in the stream behind which it will end."""
        return ask(self.store, self.sender, recipe=recipe, force=force).after

    def remembered(self, name: str, seconds: float, make: Callable[[], Any]) -> Any:
        """What `make` answers, made again when it is older than some seconds."""
        kept = self.cache.get(name)
        if kept is None or self.clock() - kept[0] > seconds:
            kept = self.cache[name] = (self.clock(), make())
        return kept[1]


def person() -> str:
    """Who corrects where nobody says so: the user that the dashboard runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "dashboard"
