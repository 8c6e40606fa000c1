"""The commands about clips, models and the state of things, against a real store."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from earmark import cli
from earmark.annotations import labels_csv
from earmark.clips import Record, Revision, State
from earmark.messaging.messages import BULK
from earmark.model.registry import Registry
from earmark.store import Store, keys
from earmark.store.ledger import Settlement
from earmark.truth import Told
from tests import tiny_models
from tests.household import Household, messages
from tests.tiny_models import FIRST, SECOND

LISTED = ("path", "state", "label", "confidence", "truth", "reason")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Earmark = Callable[..., Done]


@pytest.fixture
def earmark(
    house: Household,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Earmark:
    """Runs an `earmark` command in the house, in this process."""
    for name, value in house.environ.items():
        if name.startswith("EARMARK_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOGNAME", "ann")
    monkeypatch.chdir(house.home)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["earmark", *arguments])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


def know(store: Store, path: str, state: State, **values: object) -> Record:
    """Let the store know a clip that is done."""
    noted = Record(path=path, revision=Revision(1, 1), state=State.PENDING, noted_at=1.0)
    record = noted.but(state=state, **values)
    store.clips.note([noted], time.time() + 60)
    store.clips.settle([Settlement(record)], keys.vectors("test", "0"), "test")
    return record


def recorded(store: Store, path: str) -> Record:
    [record] = store.clips.records([path])
    assert record is not None
    return record


@pytest.fixture
def three(store: Store) -> None:
    """A labelled clip, an unsure one and a failed one."""
    know(store, "7_theo_1.wav", State.LABELLED, label=7, truth=7, speaker="theo", truth_by="name")
    know(store, "memo.wav", State.UNSURE, label=0, confidence=0.4)
    know(store, "broken.wav", State.FAILED, reason="the file is empty")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ([], {"7_theo_1.wav", "memo.wav", "broken.wav"}),
        (["memo.wav", "7_theo_1.wav"], {"memo.wav", "7_theo_1.wav"}),
        (["memo.wav", "--state", "failed"], set()),
        (["--state", "failed"], {"broken.wav"}),
        (["--state", "unsure"], {"memo.wav"}),
        (["--label", "0"], {"memo.wav"}),
        (["--truth", "7"], {"7_theo_1.wav"}),
        (["--truth", "0"], set()),
        (["--speaker", "theo"], {"7_theo_1.wav"}),
        (["--state", "labelled", "--label", "3"], set()),
    ],
)
def test_clips_are_listed_by_what_is_wanted(
    earmark: Earmark, options: list[str], paths: set[str]
) -> None:
    done = earmark("clips", "list", "--json", *options)

    assert {row["path"] for row in done.json} == paths


@pytest.mark.usefixtures("three")
def test_a_clip_that_is_named_and_not_known_is_told(earmark: Earmark) -> None:
    done = earmark("clips", "list", "nowhere.wav")

    assert done.code == 1
    assert "there is no clip 'nowhere.wav'" in done.err


@pytest.mark.usefixtures("three")
def test_clips_are_listed_for_people(earmark: Earmark) -> None:
    done = earmark("clips", "list", "--state", "failed")

    heading, row = done.out.splitlines()
    assert tuple(heading.split()) == LISTED
    assert row.split(maxsplit=5) == ["broken.wav", "failed", "-", "-", "-", "the file is empty"]


@pytest.mark.usefixtures("three")
def test_no_more_clips_are_listed_than_asked_for(earmark: Earmark) -> None:
    assert len(earmark("clips", "list", "--json", "--limit", "2").json) == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--state", "lost"], "'lost' is none of: pending, queued, labelled, unsure, failed"),
        (["--label", "10"], "'--label': Input should be less than or equal to 9"),
        (["--truth", "seven"], "'seven' is no digit: give 0 to 9, or none"),
        (["--limit", "0"], "'--limit': Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_option_is_refused_with_the_rule(
    earmark: Earmark, options: list[str], told: str
) -> None:
    done = earmark("clips", "list", *options)

    assert done.code != 0
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("three")
def test_failed_clips_are_tried_again(earmark: Earmark, store: Store) -> None:
    done = earmark("clips", "retry")

    assert "1 clip will be tried again" in done.err
    assert recorded(store, "broken.wav").state is State.PENDING
    assert store.clips.due(0.0, 10) == ["broken.wav"]
    assert recorded(store, "memo.wav").state is State.UNSURE


@pytest.mark.usefixtures("three")
def test_only_named_clips_that_have_failed_are_tried_again(earmark: Earmark, store: Store) -> None:
    know(store, "other.wav", State.FAILED, reason="the file is empty")

    earmark("clips", "retry", "other.wav", "memo.wav", "unknown.wav")

    assert recorded(store, "other.wav").state is State.PENDING
    assert recorded(store, "broken.wav").state is State.FAILED
    assert recorded(store, "memo.wav").state is State.UNSURE


@pytest.mark.usefixtures("three")
def test_a_correction_is_on_disk_in_the_store_and_no_longer_unsure(
    earmark: Earmark, store: Store, house: Household
) -> None:
    done = earmark("clips", "correct", "memo.wav", "0", "--speaker", "theo")

    assert (done.code, done.err) == (0, "memo.wav is 0; the model heard 0\n")
    record = recorded(store, "memo.wav")
    assert (record.state, record.truth, record.speaker) == (State.LABELLED, 0, "theo")
    *_, line = labels_csv.read(house.settings.labels_file)
    assert (line.path, line.told) == ("memo.wav", Told(0, "theo", "ann"))
    assert store.clips.corrections(["memo.wav"]) == [Told(0, "theo", "ann")]


@pytest.mark.usefixtures("three")
def test_a_clip_can_be_no_digit_at_all(earmark: Earmark, store: Store) -> None:
    earmark("clips", "correct", "7_theo_1.wav", "none", "--by", "ben")

    record = recorded(store, "7_theo_1.wav")
    assert (record.truth, record.truth_by, record.speaker) == ("none", "ben", "theo")


def test_what_is_not_there_cannot_be_corrected(earmark: Earmark, house: Household) -> None:
    done = earmark("clips", "correct", "nowhere.wav", "7")

    assert done.code == 1
    assert done.err.startswith("earmark: there is no clip 'nowhere.wav'")


@pytest.mark.usefixtures("three")
def test_what_is_no_digit_is_no_correction(earmark: Earmark, store: Store) -> None:
    done = earmark("clips", "correct", "memo.wav", "seven")

    assert (done.code, done.out) == (1, "")
    assert done.err == "earmark: 'seven' is no digit: give 0 to 9, or none\n"
    assert recorded(store, "memo.wav").truth is None


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("options", "path"), [([], "7_theo_1.wav"), (["--state", "unsure"], "memo.wav")]
)
def test_clips_are_asked_to_be_relabelled(
    earmark: Earmark, store: Store, options: list[str], path: str
) -> None:
    done = earmark("clips", "relabel", *options)

    assert "1 clip will be labelled anew" in done.err
    assert messages(store, BULK) == [[[path]]]


def test_models_are_listed_and_the_live_one_is_marked(earmark: Earmark, house: Household) -> None:
    tiny_models.publish(house.models, SECOND, accuracies={"known_voices": 0.9})
    earmark("models", "promote", FIRST)

    rows = {row["version"]: row for row in earmark("models", "list", "--json").json}

    assert rows[FIRST]["live"] == "*"
    assert rows[SECOND]["live"] == ""
    assert rows[SECOND]["known_voices"] == 0.9


def test_the_live_model_is_shown(earmark: Earmark, house: Household) -> None:
    assert earmark("models", "show", "--json").json["version"] == FIRST
    assert FIRST in earmark("models", "show").out


def test_promoting_is_announced_to_the_workers(
    earmark: Earmark, store: Store, house: Household
) -> None:
    tiny_models.publish(house.models, SECOND)

    done = earmark("models", "promote", FIRST)

    assert done.code == 0
    assert Registry(house.models).live() == FIRST
    live = store.board.live()
    assert live is not None
    assert live.version == FIRST


def test_rolling_back_goes_one_version_back(
    earmark: Earmark, store: Store, house: Household
) -> None:
    tiny_models.publish(house.models, SECOND)

    assert earmark("models", "rollback").code == 0

    assert Registry(house.models).live() == FIRST
    live = store.board.live()
    assert live is not None
    assert live.version == FIRST


def test_an_unknown_model_is_refused(earmark: Earmark, house: Household) -> None:
    done = earmark("models", "promote", "nonsense")

    assert done.code == 1
    assert done.err.startswith("earmark: there is no model 'nonsense'")
    assert Registry(house.models).live() == FIRST


def test_a_corrupt_model_is_not_promoted(earmark: Earmark, house: Household) -> None:
    tiny_models.publish(house.models, SECOND)
    (house.models / SECOND / "model.tflite").write_bytes(b"junk")

    done = earmark("models", "promote", SECOND)

    assert done.code == 1
    assert "is not the published one" in done.err


@pytest.mark.usefixtures("three")
def test_the_status_of_a_store_without_services(earmark: Earmark) -> None:
    seen = earmark("status", "--json").json

    assert seen["states"] == {"pending": 0, "queued": 0, "labelled": 1, "unsure": 1, "failed": 1}
    assert seen["queues"] == {"live": 0, "bulk": 0, "training": 0}
    assert set(seen["services"].values()) == {0}
    assert (seen["workers"], seen["model"], seen["training"]) == ([], None, None)
    assert earmark("status").out.count("MISSING") == 4


def test_the_doctor_names_what_is_missing_and_what_to_do(earmark: Earmark) -> None:
    done = earmark("doctor", "--json")

    bad = {each["what"]: each["remedy"] for each in done.json if not each["good"]}
    assert done.code == 1
    assert set(bad) == {"producer", "worker", "trainer", "scheduler"}
    assert all(bad.values())


def test_the_doctor_is_content_when_everything_lives(earmark: Earmark, store: Store) -> None:
    for name in ("producer", "worker", "trainer", "scheduler"):
        store.heartbeats.sign_of_life(f"{name}@here:1", time.time())

    done = earmark("doctor")

    assert (done.code, "BAD" in done.out) == (0, False)


def test_the_doctor_can_be_asked_for_one_service_of_this_host(
    earmark: Earmark, store: Store
) -> None:
    store.heartbeats.sign_of_life(f"worker@{socket.gethostname()}:1", time.time())
    store.heartbeats.sign_of_life("producer@elsewhere:1", time.time())

    assert earmark("doctor", "--service", "worker").code == 0
    assert earmark("doctor", "--service", "producer").code == 1


def test_the_doctor_knows_no_other_services(earmark: Earmark) -> None:
    done = earmark("doctor", "--service", "nonsense")

    assert done.code == 2
    assert "nonsense" in done.err
    assert "worker" in done.err


def test_a_training_that_nobody_does_is_told_at_once(earmark: Earmark) -> None:
    done = earmark("train", "--wait")

    assert done.code == 1
    assert "no trainer is alive: start one with `earmark up`" in done.err


def test_a_training_can_be_asked_for_without_waiting(earmark: Earmark, store: Store) -> None:
    done = earmark("train", "--recipe", "notebook", "--force")

    assert done.code == 0
    assert messages(store, "training") == [["notebook", True, "ann"]]


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["status", "--json"],
        ["clips", "list"],
        ["clips", "retry"],
        ["clips", "correct", "a.wav", "7"],
        ["clips", "relabel"],
        ["train", "--wait"],
        ["sort", "sorted"],
        ["doctor", "--service", "worker"],
    ],
    ids=" ".join,
)
def test_a_store_that_is_not_there_is_told_in_one_line(
    earmark: Earmark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    monkeypatch.setenv("EARMARK_REDIS_URL", "redis://ann:secret@127.0.0.1:1/0")

    done = earmark(*command)

    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("earmark: nothing answers at redis://***@127.0.0.1:1/0")
    assert done.err.count("\n") == 1


def test_the_doctor_tells_a_missing_store_among_the_rest(
    earmark: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_REDIS_URL", "redis://127.0.0.1:1/0")

    done = earmark("doctor", "--json")

    assert {each["what"]: each["good"] for each in done.json}["store"] is False
    assert done.code == 1


def test_a_misspelt_setting_stops_every_command(
    earmark: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_INBX", "/nowhere")

    done = earmark("status")

    assert done.code == 2
    assert "did you mean EARMARK_INBOX" in done.err
