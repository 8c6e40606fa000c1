"""Files to labels stored: a backlog, clips dropped while watching, and more workers.

Run as `python -m bench.pipeline [--quick]`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.limit import Bare, bare
from bench.models import front_end_of
from bench.parts import Setting, run_alone
from bench.peers.racing import PEERS, joblib_loop, plain_loop, queued
from bench.processes import Meter
from bench.rig import Rig, rig
from bench.table import Part, Row
from earmark.services.processes import ServiceName

WORKERS = 2
BACKLOG, BACKLOG_QUICK = 20_000, 5_000
DROPPED, DROPPED_QUICK = 3_000, 1_000
SPEED_UP = (1, 2, 4)
PATIENCE_SECONDS = 180.0
MEMORY = Path("/dev/shm")
"""A folder in memory, on Linux."""


@dataclass(frozen=True)
class Run:
    """One way of the clips through the services."""

    clips_per_second: float
    microseconds: Mapping[str, float]
    """Processor time a clip, by process."""


def part(setting: Setting) -> Part:
    """All rows of the pipeline."""
    parts = [_backlog(setting), _shipped(setting), _dropped(setting)]
    return Part(
        [row for each in parts for row in each.rows],
        [note for each in parts for note in each.notes],
    )


def _backlog(setting: Setting) -> Part:
    clips = BACKLOG_QUICK if setting.quick else BACKLOG
    with rig(setting.models, WORKERS) as limits:
        setting.corpus.fill(limits.inbox, clips)
        files = sorted(limits.inbox.rglob("*.wav"))
        before = bare(files, WORKERS)
        ours = backlog(setting, clips, WORKERS)
        after = bare(files, WORKERS)
        limit = (before.clips_per_second + after.clips_per_second) / 2
        peers = _peers(limits, setting)
        curve = [] if setting.quick else _speed_up(setting, files, ours)
    rows = [
        Row(
            what=f"backlog of {clips:,}, {WORKERS} workers (peer: {name})",
            unit="clips/s",
            ours=ours.clips_per_second,
            peer=peer,
            limit=limit if name == PEERS[0].name else None,
            more_is_better=True,
            least_ratio=10 if name == PEERS[0].name else None,
            least_share=0.75 if name == PEERS[0].name else None,
        )
        for name, peer in peers.items()
    ]
    return Part([*rows, *curve], [_told_by_process("backlog", ours, before, after)])


def _shipped(setting: Setting) -> Part:
    """The same backlog, labelled by the model that the program comes with."""
    clips = BACKLOG_QUICK if setting.quick else BACKLOG
    front_end = front_end_of(setting.shipped)
    given = replace(setting, models=setting.shipped)
    with rig(setting.shipped, WORKERS) as limits:
        setting.corpus.fill(limits.inbox, clips)
        files = sorted(limits.inbox.rglob("*.wav"))
        before = bare(files, WORKERS, front_end)
        ours = backlog(given, clips, WORKERS)
        after = bare(files, WORKERS, front_end)
    row = Row(
        what=f"the same with the shipped model ({front_end.name})",
        unit="clips/s",
        ours=ours.clips_per_second,
        limit=(before.clips_per_second + after.clips_per_second) / 2,
        more_is_better=True,
    )
    return Part([row], [_told_by_process("shipped model", ours, before, after)])


def _dropped(setting: Setting) -> Part:
    clips = DROPPED_QUICK if setting.quick else DROPPED
    contents = [path.read_bytes() for path in setting.corpus.sample(clips)]
    contents *= -(-clips // len(contents))
    with rig(setting.models, WORKERS) as limits:
        setting.corpus.fill(limits.inbox, clips)
        files = sorted(limits.inbox.rglob("*.wav"))
        before = bare(files, WORKERS)
        ours = dropped(setting, contents[:clips])
        after = bare(files, WORKERS)
    row = Row(
        what=f"{clips:,} clips dropped while watching",
        unit="clips/s",
        ours=ours.clips_per_second,
        limit=(before.clips_per_second + after.clips_per_second) / 2,
        more_is_better=True,
        least_share=0.6,
    )
    return Part([row], [_told_by_process("dropped clips", ours, before, after)])


def backlog(setting: Setting, clips: int, workers: int) -> Run:
    """A folder that is full when the producer starts; the clock runs from its sign of life."""
    with rig(setting.models, workers) as home:
        setting.corpus.fill(home.inbox, clips)
        with (
            home.service(ServiceName.WORKER) as worker,
            home.service(ServiceName.PRODUCER) as producer,
        ):
            began = time.perf_counter()
            meter = Meter(home, worker.pid, producer.pid)
            home.wait_until_done(clips, PATIENCE_SECONDS)
            seconds = time.perf_counter() - began
            return Run(clips / seconds, meter.microseconds(clips))


def dropped(setting: Setting, contents: Sequence[bytes]) -> Run:
    """Clips written as fast as they can be; the clock runs from before the first.

    They are written into memory where that can be: on some disks writing a file takes several
    times as long as labelling it.
    """
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as inbox,
        rig(setting.models, WORKERS, Path(inbox)) as home,
        home.service(ServiceName.WORKER) as worker,
        home.service(ServiceName.PRODUCER) as producer,
    ):
        drop_and_wait(home, "first", contents[:64])
        meter = Meter(home, worker.pid, producer.pid)
        began, own = time.perf_counter(), time.process_time()
        drop_and_wait(home, "clip", contents)
        seconds = time.perf_counter() - began
        writing = (time.process_time() - own) / len(contents) * 1e6
        used = {**meter.microseconds(len(contents)), "whoever writes the clips": writing}
        return Run(len(contents) / seconds, used)


def drop_and_wait(home: Rig, name: str, contents: Sequence[bytes]) -> None:
    """Write clips into the inbox, and return when all are done."""
    before = home.done()
    for number, data in enumerate(contents):
        (home.inbox / f"{name}-{number}.wav").write_bytes(data)
    home.wait_until_done(before + len(contents), PATIENCE_SECONDS)


def _peers(home: Rig, setting: Setting) -> dict[str, float]:
    """Files a second of each, on a sample of the same files."""
    chosen = PEERS[:1] if setting.quick else PEERS
    files = setting.corpus.sample(max(peer.files for peer in chosen))
    rates = {peer.name: queued(home, peer, files, WORKERS) for peer in chosen}
    rates["the notebook's loop"] = plain_loop(home, files[:300])
    if not setting.quick:
        rates["the loop under joblib"] = joblib_loop(home, files[:600], WORKERS)
    return rates


def _speed_up(setting: Setting, files: Sequence[Path], two: Run) -> list[Row]:
    rows = []
    for workers in SPEED_UP:
        ours = two if workers == WORKERS else backlog(setting, len(files), workers)
        rows.append(
            Row(
                what=f"backlog, {workers} worker(s) on {os.cpu_count()} cores",
                unit="clips/s",
                ours=ours.clips_per_second,
                limit=bare(files, workers).clips_per_second,
                more_is_better=True,
            )
        )
    return rows


def _told_by_process(what: str, run: Run, *limits: Bare) -> str:
    alone = sum(limit.microseconds for limit in limits) / len(limits)
    parts = ", ".join(f"{name} {used:.0f}" for name, used in run.microseconds.items())
    total = sum(run.microseconds.values())
    return (
        f"{what}: microseconds of processor time a clip: {parts}; together {total:.0f}, "
        f"and the bare pool {alone:.0f} ({alone / total:.0%})"
    )


if __name__ == "__main__":
    run_alone(part, __doc__)
