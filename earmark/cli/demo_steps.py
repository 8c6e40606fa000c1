"""The tour: the commands that a user would give, from nothing to the whole loop.

It runs on synthesised speech, in a temporary folder that goes away.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earmark.cli.app import note, print_table, say
from earmark.cli.output import percent
from earmark.clips import Record
from earmark.errors import EarmarkError, ServiceError
from earmark.services.heartbeat import service_counts
from earmark.services.processes import NEEDED
from earmark.settings import Settings
from earmark.store import Store
from earmark.truth import told_by_name
from earmark.wording import counted

SPEAKERS = 40
TAKES = 5
NEWCOMERS = 2
"""Further speakers, whose clips are dropped under names that tell nothing."""
START_SECONDS = 60.0
LABEL_SECONDS = 60.0
STOP_SECONDS = 60.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Tour:
    """Where the tour takes place, and the environment of its commands."""

    home: Path
    environ: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        return Settings(
            inbox=self.home / "inbox", data=self.home / "var", models=self.home / "models"
        )

    def run(self, *arguments: str) -> None:
        """Show a command and run it.

        Raises
        ------
        ServiceError
            When it fails.
        """
        say()
        say(f"$ earmark {' '.join(arguments)}", flush=True)
        done = subprocess.run(_earmark(*arguments), env=self.environ, cwd=self.home, check=False)
        if done.returncode:
            raise ServiceError(f"earmark {arguments[0]} ended with code {done.returncode}")


def tour() -> None:
    """Start everything, train on synthetic voices, drop clips, and print what was heard."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="earmark-demo-"))
    places = {name: str(home / name.lower()) for name in ("INBOX", "MODELS")}
    places["DATA"] = str(home / "var")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EARMARK_")}
    places["DASHBOARD_PORT"] = "0"  # the tour is told, not watched
    walk = Tour(home, kept | {f"EARMARK_{name}": path for name, path in places.items()})
    try:
        with _everything_up(walk) as store:
            _train(walk)
            _drop_and_print(walk, store)
            walk.run("status")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    say()
    say(f"The tour took {time.monotonic() - began:.0f} s; nothing of it is left behind.")


@contextmanager
def _everything_up(walk: Tour) -> Iterator[Store]:
    say("$ earmark up", flush=True)
    with (walk.home / "up.log").open("w") as log:
        process = subprocess.Popen(
            _earmark("up"), env=walk.environ, cwd=walk.home, stdout=log, stderr=log
        )
    try:
        yield _ready(walk, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _ready(walk: Tour, process: subprocess.Popen[bytes]) -> Store:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            store = Store.at(walk.settings.store_url)
            alive = service_counts(store.heartbeats.alive(time.time()))
        except EarmarkError:
            alive = {}
        if alive and all(alive.values()):
            say(f"  {', '.join(NEEDED)} and the embedded store are running")
            return store
        time.sleep(_POLL_SECONDS)
    for line in (walk.home / "up.log").read_text(errors="replace").splitlines():
        note(line)
    raise ServiceError("earmark up did not come up; what it said stands above")


def _train(walk: Tour) -> None:
    speakers = str(SPEAKERS + NEWCOMERS)
    walk.run("samples", "voices", "--speakers", speakers, "--takes", str(TAKES))
    newcomers = walk.home / "newcomers"
    newcomers.mkdir()
    for number in range(SPEAKERS + 1, SPEAKERS + NEWCOMERS + 1):
        shutil.move(walk.home / "voices" / f"{number:02}", newcomers)
    walk.run("ingest", "voices", "--wait")
    walk.run("train", "--wait")


def _drop_and_print(walk: Tour, store: Store) -> None:
    say()
    say(f"Drops {NEWCOMERS} voices that it never heard, under names that tell nothing:")
    sources = sorted((walk.home / "newcomers").rglob("*_0.wav"))
    drops = {f"clip-{number:02}.wav": source for number, source in enumerate(sources, start=1)}
    began = time.monotonic()
    for name, source in drops.items():
        shutil.copyfile(source, walk.settings.inbox / name)
    heard = _heard(store, list(drops))
    seconds = time.monotonic() - began
    truths = [told_by_name(source.name).digit for source in drops.values()]
    rows = [_row(record, truth) for record, truth in zip(heard, truths, strict=True)]
    print_table(rows, ("file", "heard", "confidence", "truth"))
    right = sum(row["heard"] == row["truth"] for row in rows)
    model = store.board.live()
    say()
    say(
        f"{counted(len(rows), 'clip')} in {seconds:.2f} s ({len(rows) / seconds:.0f} clips/s), "
        f"{right} heard right; model {model.version if model else '-'}: "
        f"{percent(model.known_voices if model else None)} on known voices, "
        f"{percent(model.new_voices if model else None)} on new voices"
    )


def _heard(store: Store, paths: Sequence[str]) -> list[Record]:
    deadline = time.monotonic() + LABEL_SECONDS
    while time.monotonic() < deadline:
        records = [record for record in store.clips.records(paths) if record is not None]
        if len(records) == len(paths) and all(record.state.done for record in records):
            return records
        time.sleep(_POLL_SECONDS)
    raise ServiceError(
        f"not all of {counted(len(paths), 'clip')} were labelled within {LABEL_SECONDS:.0f} s"
    )


def _row(record: Record, truth: object) -> dict[str, object]:
    return {
        "file": record.path,
        "heard": record.label,
        "confidence": record.confidence,
        "truth": truth,
    }


def _earmark(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "earmark", *arguments]
