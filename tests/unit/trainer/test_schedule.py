"""The scheduler: a missed run is made up once, none is sent twice, and no file runs code."""

from __future__ import annotations

import json
import pickle
import shelve
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from earmark.messaging.celery_app import app_of, configuration
from earmark.messaging.messages import TRAIN, TRAIN_IF_DUE, TRAINING
from earmark.settings import Settings
from earmark.store import Store
from tests.household import messages
from trainer import schedule
from trainer.schedule import Scheduler, read_last_runs, write_last_runs

Made = Callable[..., Scheduler]


@pytest.fixture
def made(tmp_path: Path, store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Makes the scheduler that a service would, on the test's store and data folder."""
    monkeypatch.setattr(schedule, "sign_of_life", lambda _: None)

    def make(cron: str = "0 3 * * *") -> Scheduler:
        settings = Settings(redis_url=store_url, data=tmp_path / "var", retrain_cron=cron)
        app = app_of("test", lambda: configuration(settings, (TRAINING,)))
        return Scheduler(app=app, schedule_filename=app.conf.beat_schedule_filename)

    return make


def run(scheduler: Scheduler, store: Store) -> list[Any]:
    """Let the scheduler send whatever is due; answers the tasks that it sent."""
    before = len(messages(store, TRAINING))
    while scheduler.tick() == 0:
        pass
    waiting: Any = store.connection.lrange(f"earmark:celery:{TRAINING}", 0, -1)
    return [json.loads(each)["headers"]["task"] for each in waiting[::-1]][before:]


def long_ago(file: Path, **hours: float) -> None:
    now = datetime.now(UTC)
    runs = {name.replace("_", "-"): now - timedelta(hours=each) for name, each in hours.items()}
    write_last_runs(file, runs)


def test_what_is_new_counts_from_now_on(made: Made, store: Store, tmp_path: Path) -> None:
    assert run(made(), store) == []
    assert set(read_last_runs(tmp_path / "var/schedule.json")) == {
        "retrain",
        "retrain-after-new-clips",
    }


def test_a_missed_run_is_made_up_once_and_none_is_sent_twice(
    made: Made, store: Store, tmp_path: Path
) -> None:
    long_ago(tmp_path / "var/schedule.json", retrain=73, retrain_after_new_clips=0)

    first, again, third = (run(made(), store) for _ in range(3))

    assert (first, again, third) == ([TRAIN], [], [])


def test_a_killed_scheduler_has_written_what_it_sent(
    made: Made, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "var/schedule.json"
    long_ago(file, retrain=0, retrain_after_new_clips=1)
    scheduler = made()

    assert run(scheduler, store) == [TRAIN_IF_DUE]

    sent = read_last_runs(file)["retrain-after-new-clips"]
    assert datetime.now(UTC) - sent < timedelta(minutes=1)


def test_a_time_in_the_future_holds_no_run_back(made: Made, tmp_path: Path) -> None:
    long_ago(tmp_path / "var/schedule.json", retrain=-1000)

    last = made().schedule["retrain"].last_run_at

    assert last is not None
    assert last <= datetime.now(UTC)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"retrain": 7}', b'{"retrain": "soon"}', b"\xff\xfe"]
)
def test_a_damaged_file_is_told_and_replaced(
    made: Made, store: Store, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "var/schedule.json"
    file.parent.mkdir()
    file.write_bytes(content)

    assert run(made(), store) == []

    assert "cannot be read" in caplog.text
    assert set(json.loads(file.read_text())) == {"retrain", "retrain-after-new-clips"}


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_the_pickle_of_an_older_version_is_not_opened(
    made: Made, store: Store, tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    (tmp_path / "var").mkdir()
    with shelve.open(str(tmp_path / "var/schedule")) as older:
        older["entries"] = {"retrain": Trap(sprung)}
    (tmp_path / "var/schedule.json").write_bytes(pickle.dumps(Trap(sprung)))

    run(made(), store)

    assert not sprung.exists()


def test_a_file_that_cannot_be_written_is_told_and_runs_are_sent(
    made: Made, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var").write_text("no folder")
    scheduler = made("* * * * *")
    scheduler.schedule["retrain"].last_run_at = datetime.now(UTC) - timedelta(hours=1)

    assert run(scheduler, store) == [TRAIN]
    assert "a run that is missed while the scheduler is away is not made up" in caplog.text


def test_the_file_is_its_owners_alone(made: Made, tmp_path: Path) -> None:
    made()

    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var/schedule.json").stat().st_mode & 0o777 == 0o600
