"""What one store can take, for the sums beyond one machine.

Run as `python -m bench.capacity [--quick]`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.growth import go_through, records
from bench.parts import Setting, run_alone
from bench.rig import Rig, rig
from bench.table import Part, Row
from earmark.messaging.messages import BATCH_CLIPS, BULK, Batch
from earmark.messaging.sender import Sender

BATCHES, BATCHES_QUICK = 200, 40


@dataclass(frozen=True)
class Used:
    """What a batch took."""

    server_seconds: float
    network_bytes: float
    seconds: float


def part(setting: Setting) -> Part:
    """All rows of the store's and the broker's capacity."""
    batches = BATCHES_QUICK if setting.quick else BATCHES
    with rig(setting.models, 1) as home:
        sent = _sending(home, batches)
        stored = _storing(home, batches)
    clips = BATCH_CLIPS
    return Part(
        [
            Row(
                what=f"broker: messages of {clips} clips, one publisher",
                unit="messages/s",
                ours=1 / sent.seconds,
                limit=1 / sent.server_seconds,
                more_is_better=True,
            ),
            Row(
                what="store: clips through the ledger, one client",
                unit="clips/s",
                ours=clips / stored.seconds,
                limit=clips / stored.server_seconds,
                more_is_better=True,
            ),
            Row(
                what="network a clip, to and from store and broker",
                unit="bytes",
                ours=(2 * sent.network_bytes + stored.network_bytes) / clips,
            ),
        ],
        ["the limit of broker and store is their one core, kept busy by many clients"],
    )


def _sending(home: Rig, batches: int) -> Used:
    sender = Sender(home.settings)
    clips = tuple((clip.path, clip.revision) for clip in records(0, BATCH_CLIPS))
    sender.label(Batch(clips), BULK)
    before, began = _counters(home), time.perf_counter()
    for _ in range(batches):
        sender.label(Batch(clips), BULK)
    seconds = time.perf_counter() - began
    sender.close()
    return _used(before, _counters(home), seconds, batches)


def _storing(home: Rig, batches: int) -> Used:
    go_through(home.store, list(records(0, BATCH_CLIPS)))
    made = [list(records(start * BATCH_CLIPS, BATCH_CLIPS)) for start in range(1, batches + 1)]
    before, began = _counters(home), time.perf_counter()
    for batch in made:
        go_through(home.store, batch)
    seconds = time.perf_counter() - began
    return _used(before, _counters(home), seconds, batches)


def _counters(home: Rig) -> tuple[float, float]:
    cpu, stats = home.store.connection.info("cpu"), home.store.connection.info("stats")
    network = stats["total_net_input_bytes"] + stats["total_net_output_bytes"]
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"]), float(network)


def _used(
    before: tuple[float, float], after: tuple[float, float], seconds: float, batches: int
) -> Used:
    return Used(
        (after[0] - before[0]) / batches, (after[1] - before[1]) / batches, seconds / batches
    )


if __name__ == "__main__":
    run_alone(part, __doc__)
