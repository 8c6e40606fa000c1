"""What the whole of Earmark does at the moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from earmark.clips import Score
from earmark.messaging.celery_app import Sender
from earmark.services.processes import NEEDED, ServiceName
from earmark.store import Store

RATE_SECONDS = 60


def status(store: Store, sender: Sender, now: float) -> dict[str, Any]:
    """States, queues, services, the live model and how well it does, as plain values.

    Parameters
    ----------
    now
        Seconds since the epoch.
    """
    board, clips = store.board, store.clips
    alive = board.alive(now)
    live = board.live()
    return {
        "states": {state.value: count for state, count in clips.counts().items()},
        "queues": sender.depths(),
        "services": service_counts(alive),
        "workers": sorted(name for name in alive if name.startswith(f"{ServiceName.WORKER}@")),
        "model": asdict(live) if live else None,
        "live_accuracy": live_accuracy(clips.scores()),
        "clips_per_second": round(board.settled_since(now - RATE_SECONDS) / RATE_SECONDS, 2),
        "training": board.training(),
        "last_training": board.last_training(),
    }


def service_counts(alive: dict[str, float]) -> dict[str, int]:
    """How many of each service are alive; 0 for one that is needed and missing."""
    counted = Counter(name.partition("@")[0] for name in alive)
    return {
        name.value: counted[name.value] for name in ServiceName if name in NEEDED or counted[name]
    }


def live_accuracy(scores: dict[Score, int]) -> dict[str, Any]:
    """How often the model was right on clips with a truth that it was not trained on."""
    right, wrong = scores[Score.RIGHT], scores[Score.WRONG]
    counted = right + wrong
    return {
        "accuracy": round(right / counted, 4) if counted else None,
        "clips": counted,
        "truths": counted + scores[Score.UNSCORED],
    }
