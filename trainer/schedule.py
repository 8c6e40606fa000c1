"""When to train: the scheduler, and whether enough clips have come."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from celery import beat

from earmark.environment.data_folder import keep_private, owner_only
from earmark.errors import EarmarkError
from earmark.files import written
from earmark.services.heartbeat import sign_of_life
from earmark.services.processes import ServiceName
from earmark.store import Store

log = logging.getLogger(__name__)


class Scheduler(beat.Scheduler):
    """Keeps on disk when it sent what, so that a missed run fires once and none fires twice.

    Celery's own keeps a shelve, a pickle that runs the code of whoever wrote it.

    Parameters
    ----------
    schedule_filename
        The JSON file: the name of each entry to when it was last sent, ISO 8601.
    """

    def __init__(self, *args: Any, schedule_filename: str, **options: Any) -> None:
        self._file = Path(schedule_filename)
        super().__init__(*args, **options)

    def setup_schedule(self) -> None:
        """Take up the schedule where it was left; what is new counts from now on."""
        super().setup_schedule()
        now = datetime.now(UTC)
        for name, at in read_last_runs(self._file).items():
            if name in self.schedule:
                # From the future, by a clock that went wrong, it would hold back every run.
                self.schedule[name].last_run_at = min(at, now)
        self.sync()

    def tick(self, *args: Any, **options: Any) -> Any:
        sign_of_life(ServiceName.SCHEDULER)
        return super().tick(*args, **options)

    def sync(self) -> None:
        """Write down when each entry was last sent."""
        sent = {name: entry.last_run_at for name, entry in self.schedule.items()}
        try:
            write_last_runs(self._file, {name: at for name, at in sent.items() if at})
        except (OSError, EarmarkError) as error:
            log.error("%s; a run that is missed while the scheduler is away is not made up", error)

    @property
    def info(self) -> str:
        return f"    . last runs -> {self._file}"


def read_last_runs(file: Path) -> dict[str, datetime]:
    """When each entry was last sent, with a time zone; of a damaged file, what can be read."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return {name: datetime.fromisoformat(at).astimezone(UTC) for name, at in said.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s cannot be read (%s); missed runs are not made up", file, error)
        return {}


def write_last_runs(file: Path, runs: dict[str, datetime]) -> None:
    """Replace the file, whole or not at all.

    Raises
    ------
    OSError, EarmarkError
        When it cannot be written.
    """
    keep_private(file.parent)
    text = json.dumps({name: at.astimezone(UTC).isoformat() for name, at in runs.items()}, indent=1)
    with written(file) as hidden, open(hidden, "x", opener=owner_only) as handle:
        handle.write(text)


def is_due(store: Store, retrain_after: int) -> bool:
    """Whether enough clips with a truth have come since the last training."""
    before = (store.training.last_training() or {}).get("truths", 0)
    return bool(truths(store) - before >= retrain_after)


def truths(store: Store) -> int:
    """How many clips have a truth."""
    return sum(store.clips.scores().values())
