"""One picture of everything for all who watch: made at most twice a second, sent to each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dashboard.context import House
from dashboard.monitoring.drift import Drift, newest
from dashboard.plots import peaks_of
from earmark.analysis.live_accuracy import live_accuracy
from earmark.errors import EarmarkError
from earmark.services.heartbeat import service_counts
from earmark.services.processes import ServiceName

log = logging.getLogger(__name__)

SECONDS = 0.5
_SHOWN = ("path", "state", "label", "confidence", "model", "truth", "reason", "done_at", "score")

Watcher = Callable[[dict[str, Any]], None]


class Snapshots:
    """Makes snapshots while somebody watches; nobody watching costs nothing."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._watchers: set[Watcher] = set()
        self.made = 0

    def watch(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def run(self) -> None:
        """Send snapshots to all watchers until cancelled."""
        last: dict[str, Any] = {}
        while True:
            await asyncio.sleep(SECONDS)
            if not self._watchers:
                continue
            shot = await asyncio.to_thread(self.take)
            self.made += 1
            if shot | {"at": 0} == last | {"at": 0} and self.made % 10:
                continue
            last = shot
            for watcher in list(self._watchers):
                self._send(watcher, shot)

    def take(self) -> dict[str, Any]:
        """Everything that Live shows, as plain values."""
        try:
            return {"problem": None, **self._taken()}
        except EarmarkError as error:
            return {"problem": str(error), "at": self._house.clock()}

    def _taken(self) -> dict[str, Any]:
        house, now = self._house, self._house.clock()
        store, clips = house.store, house.store.clips
        alive, live = store.heartbeats.alive(now), store.board.live()
        return {
            "at": now,
            "states": {state.value: count for state, count in clips.counts().items()},
            "queues": house.sender.depths(),
            "services": _services(alive),
            "rates": house.pulse.rates(now),
            "clips": [self._clip(row) for row in self._latest()],
            "accuracy": live_accuracy(clips.scores()),
            "accuracies": house.remembered("accuracies", 5, house.index.accuracy_over_time),
            "to_review": house.remembered("to_review", 2, house.index.count_to_review),
            "model": asdict(live) if live else None,
            "training": store.training.training(),
            "drift": _drift(newest(house)),
            "inbox": str(house.settings.inbox.absolute()),
        }

    def _latest(self) -> list[dict[str, Any]]:
        pulse = self._house.pulse
        return pulse.latest() or self._house.index.latest(pulse.SHOWN)

    def _clip(self, row: dict[str, Any]) -> dict[str, Any]:
        shown = {name: row.get(name) for name in _SHOWN}
        return shown | {
            "peaks": peaks_of(self._house.settings, row["path"], str(row.get("done_at")))
        }

    def _send(self, watcher: Watcher, shot: dict[str, Any]) -> None:
        try:
            watcher(shot)
        except Exception:
            log.exception("a page could not be told")
            self.leave(watcher)


def _drift(drift: Drift) -> dict[str, Any]:
    """Without each feature's own: Live shows one number."""
    return drift.as_json() | {"features": len(drift.features)}


def _services(alive: dict[str, float]) -> list[dict[str, Any]]:
    """Each service with its processes, and how many seconds ago each gave a sign of life."""
    counts = service_counts(alive)
    wanted = [name.value for name in ServiceName]
    return [
        {
            "name": name,
            "count": counts.get(name, 0),
            "seconds": sorted(age for each, age in alive.items() if each.startswith(f"{name}@")),
        }
        for name in wanted
    ]
