"""What others rely on, held to snapshots: help, JSON answers, settings, API, stored names.

A difference here is a change that somebody outside notices. Where it is meant,
`PINS=write python -m pytest tests/unit/test_pins.py` writes the snapshots again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from earmark.cli import load_commands
from earmark.cli.app import app
from earmark.clips import Record
from earmark.environment.variables import PREFIX
from earmark.frontends import FRONT_ENDS
from earmark.settings import Settings
from earmark.store import Store, keys
from tests.clip_tables import TINY, clip_table
from tests.tiny_models import FIRST

Tone = Callable[..., Path]
Label = Callable[[Path], list[Record]]

PINS = Path(__file__).parent / "pins"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.]+(\+00:00|Z)?)?")


def pinned(name: str, found: str) -> None:
    """Compare with a snapshot."""
    file = PINS / name
    if os.environ.get("PINS") == "write":
        file.write_text(found)
    assert found == file.read_text()


def as_text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def commands(group: TyperGroup, *above: str) -> Iterator[tuple[str, ...]]:
    yield above
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


def run(*words: object) -> str:
    result = CliRunner().invoke(
        app, [str(word) for word in words], env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def plain(value: Any, home: Path) -> Any:
    """The answer without what differs from run to run: times, the test's folder, measured rates."""
    if isinstance(value, dict):
        return {
            name: "<time>" if name.endswith("_at") and each is not None else plain(each, home)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [plain(each, home) for each in value]
    if isinstance(value, float):
        return float(f"{value:.3g}")  # the last digits are the processor's
    if isinstance(value, str):
        return _MOMENT.sub("<time>", value.replace(str(home), "<home>"))
    return value


def test_every_help() -> None:
    load_commands()
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)

    shown = "".join(
        f"$ earmark {' '.join(words)}\n{run(*words, '--help')}\n"
        for words in sorted(set(commands(group)))
    )

    pinned("help.txt", shown)


def test_every_setting_with_its_default_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    fields = Settings.model_json_schema()["properties"]
    for told in fields.values():
        if told.get("title") == "Workers":
            told.pop("default", None)

    pinned("settings.json", as_text(fields))


@pytest.fixture
def known(
    online: Path, tone: Tone, store: Store, label_inbox: Label, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A store of four clips: two with a truth, an unsure one, and one that is no wav."""
    load_commands()
    for name, value in {"LOGNAME": "ann", "TZ": "UTC", "EARMARK_DASHBOARD_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    for name, amplitude in (("7_theo_0.wav", 0.5), ("3_ann_1.wav", 0.02), ("memo.wav", 0.1)):
        os.utime(tone(online / "inbox" / name, amplitude=amplitude), (1e9, 1e9))
    (online / "inbox/broken.wav").write_bytes(b"RIFFnone")
    os.utime(online / "inbox/broken.wav", (1e9, 1e9))
    label_inbox(online / "inbox")
    return online


def test_every_json_answer_on_a_fixed_store(known: Path) -> None:
    voices = known / "voices"
    voices.mkdir()
    (voices / "7_theo_0.wav").write_bytes((known / "inbox/7_theo_0.wav").read_bytes())
    (voices / "labels.csv").write_text("path,digit,at\nmemo.wav,7,2026-01-01T00:00:00+00:00\n")
    loud, broken = known / "inbox/7_theo_0.wav", known / "inbox/broken.wav"
    questions: list[tuple[object, ...]] = [
        ("clips", "list", "7_theo_0.wav", "3_ann_1.wav", "memo.wav", "broken.wav"),
        ("status",),
        ("doctor",),
        ("label", loud, broken),
        ("features", loud, broken),
        ("features", loud, broken, "--out", known / "vectors.parquet"),
        ("dataset",),
        ("models", "list"),
        ("models", "show"),
        ("models", "record"),
        ("ingest", voices),
        ("sort", known / "sorted"),
        ("backup", known / "kept.tar.gz"),
        ("restore", known / "kept.tar.gz"),
    ]

    answers = {
        " ".join(map(str, words)).replace(str(known), "<home>"): plain(
            json.loads(run(*words, "--json")), known
        )
        for words in questions
    }

    pinned("answers.json", mended(as_text(answers)))


def mended(text: str) -> str:
    """Without the addresses of the test's server and models, and the room on this disk."""
    without_disk = re.sub(r"[\d,.]+ (MB|GB)( of [\d,.]+ (MB|GB))?", "<size>", text)
    without_models = re.sub(r"/[^\s\"]+/models\d", "<models>", without_disk)
    return re.sub(r"unix://[^\s\"]+", "<store>", without_models)


def test_the_fields_of_a_training_and_of_a_cross_validation() -> None:
    from dataclasses import fields

    from trainer.data.folds import By
    from trainer.offline.crossvalidate import crossval, summary
    from trainer.offline.label_errors import Suspect
    from trainer.pipeline import Result

    summed = summary(list(crossval(clip_table(takes=4), TINY, By.CLIP)))
    shown = {
        "train": [each.name for each in fields(Result)],
        "crossval": {
            name: list(each[0]) if isinstance(each, list) and isinstance(each[0], dict) else None
            for name, each in summed.items()
        },
        "suspects": [each.name for each in fields(Suspect)],
    }

    pinned("training.json", as_text(shown))


@pytest.mark.usefixtures("known")
def test_the_keys_in_redis(store: Store) -> None:
    redis: Any = store.connection
    named = {name: value for name, value in vars(keys).items() if name.isupper()}
    stored = {key.decode(): redis.type(key).decode() for key in sorted(redis.keys())}

    pinned("keys.json", as_text({"named": named, "stored": stored}))


def test_the_fingerprints_of_the_front_ends() -> None:
    found = {name: [each.fingerprint, each.dimensions] for name, each in FRONT_ENDS.items()}

    pinned("fingerprints.json", as_text(found))


def test_the_names_of_tasks_queues_and_the_scheduler() -> None:
    from trainer.app import app as trainer_app
    from worker.app import app as worker_app

    shown = {
        each.main: {
            "tasks": sorted(name for name in each.tasks if not name.startswith("celery.")),
            "queues": [queue.name for queue in each.conf.task_queues],
            "scheduler": each.conf.beat_scheduler,
        }
        for each in (worker_app, trainer_app)
    }

    pinned("tasks.json", as_text(shown))


@pytest.mark.usefixtures("online")
def test_the_interface_for_programs(store_url: str) -> None:
    from dashboard.app import build
    from dashboard.context import House

    house = House.of(Settings(redis_url=store_url, models=Path("models"), data=Path("var")))
    built: Any = build(house, token=None, beat=lambda: None)
    schema = built._app.openapi()
    schema["info"].pop("version")

    pinned("openapi.json", as_text(schema))


def test_the_tiny_model_of_the_snapshots_is_the_one_that_is_named() -> None:
    assert FIRST in (PINS / "answers.json").read_text()
