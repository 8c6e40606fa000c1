"""A backup holds all that is known, and brings back what is missing without harm to the rest."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from earmark.admin.backup import MANIFEST, House, back_up
from earmark.admin.forget_speaker import FILE, Place, forget, survey
from earmark.admin.restore import restore
from earmark.annotations import labels_csv
from earmark.annotations.corrections import correct
from earmark.cli.app import app
from earmark.clips import Record, State
from earmark.errors import BackupError
from earmark.frontends import front_end
from earmark.model.registry import Registry
from earmark.store import Store, keys
from earmark.store.migrations import VERSION
from earmark.truth import Told
from tests import tiny_models

Tone = Callable[..., Path]
Label = Callable[..., list[Record]]

NOW = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)
FRONT_END = front_end("mfcc-mean")

NOT_KEPT = {
    keys.LEASES: "clips under way are found in the folder",
    keys.STRIKES: "so are they",
    keys.EVENTS: "news for whoever listens",
    keys.SERVICES: "signs of life",
    keys.TRAINING: "the progress of a training that runs",
    keys.TRAINING_LOCK: "the right to train",
    keys.PASSED_OVER: "the producer's next walk counts anew",
    keys.TOLD: "the producer tells a wiped store anew",
    keys.SCHEMA_LOCK: "the right to upgrade",
    keys.SCHEMA: "written by whoever connects first",
}
"""Tables that no backup holds, and why."""


def tables() -> set[str]:
    """All tables that a backup must hold; the indexes over the records are made from them."""
    indexes = {*map(keys.state, State), *map(keys.score, keys.SCORED)}
    sorts = {keys.vectors(FRONT_END.name, FRONT_END.fingerprint), keys.artefact(tiny_models.FIRST)}
    return ({*keys.FIXED} | sorts) - indexes - set(NOT_KEPT)


def content(store: Store) -> dict[str, object]:
    """All that the server holds, but for what no backup keeps."""
    redis: Any = store.connection
    read = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers}
    found = {key.decode(): redis.type(key).decode() for key in redis.scan_iter("*")}
    return {key: read[sort](key) for key, sort in found.items() if key not in NOT_KEPT}


@pytest.fixture
def house(store: Store, tmp_path: Path, published_models: Path) -> House:
    shutil.copytree(published_models, tmp_path / "models")
    return House(store, tmp_path / "var", tmp_path / "models")


@pytest.fixture
def inbox(tmp_path: Path, tone: Tone) -> Path:
    for name, hertz in (("7_theo_0.wav", 300), ("3_ann_0.wav", 400), ("memo.wav", 500)):
        tone(tmp_path / "inbox" / name, hertz=hertz)
    return tmp_path / "inbox"


@pytest.fixture
def saved(house: House, inbox: Path, label_inbox: Label, tmp_path: Path) -> Path:
    """A backup of three labelled clips, one of them corrected."""
    label_inbox(inbox)
    said = labels_csv.statement("memo.wav", 4, speaker="theo", by="ann", at=NOW)
    correct(house.store.clips, house.data / "labels.csv", said)
    house.store.training.end_training({"outcome": "refused", "speakers": {"theo": "train"}})
    back_up(house, tmp_path / "earmark.tar.gz", NOW)
    return tmp_path / "earmark.tar.gz"


def wipe(house: House) -> None:
    house.store.connection.flushall()
    shutil.rmtree(house.data)
    shutil.rmtree(house.models)


def known(house: House) -> dict[str, Record]:
    return {record.path: record for record in house.store.clips.all_records()}


def repacked(file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The backup with its members changed, or dropped for None."""
    target = file.with_name("changed.tar.gz")
    with tarfile.open(file) as source, tarfile.open(target, "w:gz") as archive:
        for member in source:
            content = source.extractfile(member)
            assert content is not None
            data = change(member.name, content.read())
            if data is not None:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return target


def test_every_table_of_the_store_comes_back_or_is_said_not_to(
    house: House, inbox: Path, label_inbox: Label, tmp_path: Path
) -> None:
    (inbox / "5_theo_1.wav").write_bytes(b"no wav")
    label_inbox(inbox)
    told = labels_csv.statement("memo.wav", 4, speaker="theo", by="ann", at=NOW)
    correct(house.store.clips, house.data / "labels.csv", told)
    place = Place(house.store, Registry(house.models), inbox, house.data)
    forget(place, survey(place, "ann"), files=True, now=NOW)
    house.store.training.end_training({"outcome": "refused"})
    before = content(house.store)
    back_up(house, tmp_path / "earmark.tar.gz", NOW)
    wipe(house)

    restore(house, tmp_path / "earmark.tar.gz", NOW)

    assert content(house.store) == before
    assert tables() <= set(before)


def test_what_stands_beside_the_models_stays_out(house: House, tmp_path: Path) -> None:
    (house.models / "resnet").mkdir()
    (house.models / "resnet/card.json").write_text("{}")

    counts = back_up(house, tmp_path / "earmark.tar.gz", NOW)

    assert counts["models"] == 1
    with tarfile.open(tmp_path / "earmark.tar.gz") as archive:
        assert [name for name in archive.getnames() if "resnet" in name] == []


def test_all_that_was_lost_comes_back(house: House, saved: Path) -> None:
    before = known(house)
    counts, scores = house.store.clips.counts(), house.store.clips.scores()
    wipe(house)

    brought = restore(house, saved, NOW)

    assert brought["clips"] == brought["vectors"] == 3
    assert known(house) == before
    assert (house.store.clips.counts(), house.store.clips.scores()) == (counts, scores)
    digests = [str(record.digest) for record in before.values()]
    assert all(vector is not None for vector in house.store.vectors.get(FRONT_END, digests))
    assert house.store.clips.corrections(["memo.wav"]) == [Told(4, "theo", "ann")]
    assert [line.path for line in labels_csv.read(house.data / "labels.csv")] == ["memo.wav"]
    assert Registry(house.models).live() == tiny_models.FIRST
    live = house.store.board.live()
    assert live is not None
    assert live.version == tiny_models.FIRST
    assert house.store.training.last_training() == {
        "outcome": "refused",
        "speakers": {"theo": "train"},
    }


def test_a_backup_brought_back_twice_changes_nothing_more(house: House, saved: Path) -> None:
    wipe(house)
    restore(house, saved, NOW)
    before = known(house)

    again = restore(house, saved, NOW)

    assert (again["clips"], again["corrections"], again["models"]) == (0, 0, 0)
    assert known(house) == before
    assert len(list(labels_csv.read(house.data / "labels.csv"))) == 1


def test_what_is_newer_stays(
    house: House, saved: Path, inbox: Path, tone: Tone, label_inbox: Label
) -> None:
    tone(inbox / "7_theo_0.wav", hertz=900, seconds=0.5)
    label_inbox(inbox)
    later = labels_csv.statement("memo.wav", 9, speaker=None, by="ben", at=NOW.replace(hour=5))
    correct(house.store.clips, house.data / "labels.csv", later)
    before = known(house)

    restore(house, saved, NOW)

    assert known(house) == before
    assert known(house)["memo.wav"].truth == 9


def test_a_clip_that_waits_to_be_heard_again_gets_its_record(
    house: House, saved: Path, inbox: Path, tmp_path: Path
) -> None:
    before = known(house)
    house.store.connection.flushall()
    pending = [
        Record(path=each.path, revision=each.revision, state=each.state.PENDING)
        for each in before.values()
    ]
    house.store.clips.note(pending, 0)

    restore(house, saved, NOW)

    assert known(house) == before
    assert house.store.clips.unfinished() == 0


def test_what_was_forgotten_since_stays_forgotten(house: House, saved: Path, inbox: Path) -> None:
    place = Place(house.store, Registry(house.models), inbox, house.data)
    forget(place, survey(place, "theo"), files=True, now=NOW)
    house.store.connection.flushall()

    restore(house, saved, NOW)

    assert set(known(house)) == {"3_ann_0.wav"}
    assert not list(labels_csv.read(house.data / "labels.csv"))
    assert house.store.vectors.count(FRONT_END) == 1


def test_a_backup_is_for_its_owners_eyes_alone(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_a_backup_of_a_newer_schema_is_refused_and_nothing_is_changed(
    house: House, saved: Path
) -> None:
    def newer(name: str, data: bytes) -> bytes:
        if name != MANIFEST:
            return data
        return json.dumps(json.loads(data) | {"schema": VERSION + 1}).encode()

    wipe(house)
    with pytest.raises(BackupError, match="made by a newer version of Earmark"):
        restore(house, repacked(saved, newer), NOW)

    assert known(house) == {}
    assert not house.models.exists()


def cut_a_record(name: str, data: bytes) -> bytes:
    return data[:-10] if name == "clips.jsonl" else data


def swap_a_byte_of_the_net(name: str, data: bytes) -> bytes:
    return data[:-1] + b"?" if name.endswith("model.tflite") else data


def lose_the_corrections(name: str, data: bytes) -> bytes | None:
    return None if name == "corrections.jsonl" else data


def lose_the_manifest(name: str, data: bytes) -> bytes | None:
    return None if name == MANIFEST else data


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (cut_a_record, r"damaged: clips.jsonl is not [\d,]+ bytes long"),
        (swap_a_byte_of_the_net, "damaged: the checksum of models/.*model.tflite is wrong"),
        (lose_the_corrections, "damaged: it lacks corrections.jsonl"),
        (lose_the_manifest, "does not begin with backup.json"),
    ],
)
def test_a_damaged_backup_is_refused_and_nothing_is_changed(
    house: House, saved: Path, change: Callable[[str, bytes], bytes | None], reason: str
) -> None:
    file = repacked(saved, change)
    wipe(house)

    with pytest.raises(BackupError, match=reason):
        restore(house, file, NOW)

    assert known(house) == {}
    assert not house.models.exists()
    assert list(house.data.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"no tar at all", b"\x1f\x8b\x08\x00cut"])
def test_what_is_no_backup_is_refused(house: House, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "notes.txt").write_bytes(data)

    with pytest.raises(BackupError, match="is no backup of Earmark"):
        restore(house, tmp_path / "notes.txt", NOW)


def test_a_cut_off_backup_is_refused(house: House, saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-2_000])

    with pytest.raises(BackupError, match="damaged"):
        restore(house, saved, NOW)


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "models/../../out"])
def test_a_member_that_leads_out_is_refused(house: House, tmp_path: Path, name: str) -> None:
    manifest = {"format": 1, "schema": VERSION, "members": {name: [0, "?"]}, "row_bytes": {}}
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        for path, data in ((MANIFEST, json.dumps(manifest).encode()), (name, b"")):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

    with pytest.raises(BackupError, match="has no place in it"):
        restore(house, tmp_path / "evil.tar.gz", NOW)


def test_a_link_in_a_backup_is_refused(house: House, tmp_path: Path) -> None:
    manifest = {"format": 1, "schema": VERSION, "members": {"labels.csv": [0, "?"]}}
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(json.dumps(manifest))
        archive.addfile(member, io.BytesIO(json.dumps(manifest).encode()))
        link = tarfile.TarInfo("labels.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    with pytest.raises(BackupError, match="has no place in it"):
        restore(house, tmp_path / "evil.tar.gz", NOW)


def test_the_commands_tell_what_they_did(
    online: Path, tone: Tone, label_inbox: Label, published_models: Path
) -> None:
    tone(online / "inbox" / "7_theo_0.wav")
    label_inbox(online / "inbox")
    runner = CliRunner()

    made = runner.invoke(app, ["backup", "kept.tar.gz"])
    brought = runner.invoke(app, ["restore", "kept.tar.gz", "--json"])

    assert made.exit_code == brought.exit_code == 0, made.output + brought.output
    assert made.output == "1 clip, 1 vector, 0 corrections, 1 model written into kept.tar.gz\n"
    assert json.loads(brought.output) == {
        "clips": 0, "vectors": 0, "corrections": 0, "models": 0
    }  # fmt: skip
    assert not (online / "var" / FILE).exists()
