"""What the whole of Earmark does at the moment."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from earmark.analysis.live_accuracy import live_accuracy
from earmark.messaging.sender import Sender
from earmark.services.heartbeat import service_counts
from earmark.services.processes import ServiceName
from earmark.store import Store

RATE_SECONDS = 60


def status(store: Store, sender: Sender, now: float) -> dict[str, Any]:
    """States, queues, services, the live model and how well it does, as plain values.

    Parameters
    ----------
    now
        Seconds since the epoch.
    """
    clips = store.clips
    alive = store.heartbeats.alive(now)
    live = store.board.live()
    return {
        "states": {state.value: count for state, count in clips.counts().items()},
        "passed_over": store.passed_over.counts(),
        "queues": sender.depths(),
        "services": service_counts(alive),
        "workers": sorted(name for name in alive if name.startswith(f"{ServiceName.WORKER}@")),
        "model": asdict(live) if live else None,
        "live_accuracy": live_accuracy(clips.scores()),
        "clips_per_second": round(store.events.settled_since(now - RATE_SECONDS) / RATE_SECONDS, 2),
        "training": store.training.training(),
        "last_training": store.training.last_training(),
    }
