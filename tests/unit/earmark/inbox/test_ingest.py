"""Clips come into the inbox whole, under their names, and nothing there is overwritten."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from earmark.annotations import labels_csv
from earmark.annotations.import_labels import tell
from earmark.annotations.labels_csv import Line
from earmark.audio.decode import Limits
from earmark.clips import Revision, State
from earmark.errors import EarmarkError, NotRunning
from earmark.files import Placed
from earmark.inbox.ingest import Ingested, ingest
from earmark.inbox.wait import Clock, wait_until_settled
from earmark.store import Store
from earmark.truth import Told

Tone = Callable[..., Path]

LIMITS = Limits(1 << 20, 30.0)


def deliver(*paths: Path, inbox: Path) -> Ingested:
    return ingest(paths, inbox, LIMITS, tell=len)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def reasons(result: Ingested) -> dict[str, str]:
    return {each.path.name: each.reason for each in result.refused}


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def voices(tmp_path: Path, tone: Tone) -> Path:
    folder = tmp_path / "voices"
    for speaker, hertz in (("01", 300), ("02", 600)):
        for digit in (0, 7):
            tone(folder / speaker / f"{digit}_{speaker}_0.wav", hertz=hertz + digit)
    return folder


def test_a_folders_clips_keep_their_paths_below_it(voices: Path, inbox: Path) -> None:
    result = deliver(voices, inbox=inbox)

    assert files_in(inbox) == files_in(voices)
    assert set(result.clips) == files_in(voices)
    assert result.refused == []


def test_clips_on_the_same_disk_are_linked_not_copied(voices: Path, inbox: Path) -> None:
    result = deliver(voices, inbox=inbox)

    assert result.counts == {Placed.LINKED: 4}
    assert (inbox / "01/0_01_0.wav").samefile(voices / "01/0_01_0.wav")


def test_clips_are_copied_where_they_cannot_be_linked(
    voices: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_disk(*paths: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", another_disk)

    result = deliver(voices, inbox=inbox)

    assert result.counts == {Placed.COPIED: 4}
    assert files_in(inbox) == files_in(voices)
    assert (inbox / "01/0_01_0.wav").read_bytes() == (voices / "01/0_01_0.wav").read_bytes()


def test_a_single_clip_keeps_its_name(voices: Path, inbox: Path) -> None:
    deliver(voices / "01/0_01_0.wav", inbox=inbox)

    assert files_in(inbox) == {"0_01_0.wav"}


def test_what_is_there_already_is_counted_and_left(voices: Path, inbox: Path) -> None:
    deliver(voices, inbox=inbox)

    result = deliver(voices, inbox=inbox)

    assert result.counts == {Placed.ALREADY: 4}
    assert set(result.clips) == files_in(voices)


def test_other_content_of_the_same_name_is_refused_and_costs_no_other_clip(
    voices: Path, inbox: Path, tone: Tone
) -> None:
    standing = tone(inbox / "01/0_01_0.wav", hertz=1_000).read_bytes()

    result = deliver(voices, inbox=inbox)

    assert result.counts == {Placed.LINKED: 3}
    assert reasons(result) == {"0_01_0.wav": "another clip has this name in the inbox, and stays"}
    assert (inbox / "01/0_01_0.wav").read_bytes() == standing
    assert "01/0_01_0.wav" not in result.clips


def test_hidden_files_and_other_files_are_passed_over(
    voices: Path, inbox: Path, tone: Tone
) -> None:
    tone(voices / ".trash/1_a_0.wav")
    tone(voices / "._2_a_0.wav")
    (voices / "readme.txt").write_text("about")

    result = deliver(voices, inbox=inbox)

    assert len(files_in(inbox)) == 4
    assert result.refused == []


def test_the_inbox_within_the_given_folder_is_not_ingested_into_itself(
    tmp_path: Path, voices: Path, tone: Tone
) -> None:
    inbox = tmp_path / "inbox"
    tone(inbox / "there.wav")

    deliver(tmp_path, inbox=inbox)

    assert files_in(inbox) == {f"voices/{name}" for name in files_in(voices)} | {"there.wav"}


def test_a_path_within_the_inbox_is_refused(inbox: Path, tone: Tone) -> None:
    result = deliver(tone(inbox / "sub/a.wav").parent, inbox=inbox)

    assert reasons(result) == {"sub": "it is in the inbox already"}


def test_paths_that_hold_no_clips_are_named_and_cost_no_other_anything(
    tmp_path: Path, voices: Path, inbox: Path
) -> None:
    text = tmp_path / "song.mp3"
    text.write_text("no")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "dangling.wav").symlink_to("nowhere")

    result = deliver(
        tmp_path / "missing",
        text,
        tmp_path / "pipe.wav",
        tmp_path / "dangling.wav",
        voices,
        inbox=inbox,
    )

    assert reasons(result) == {
        "missing": "there is no such file or folder",
        "song.mp3": "it is no folder, no wav file, no zip and no labels file",
        "pipe.wav": "it is no regular file",
        "dangling.wav": "there is no such file or folder",
    }
    assert len(result.clips) == 4


def test_a_linked_clip_comes_as_the_file_it_points_to(
    tmp_path: Path, inbox: Path, tone: Tone
) -> None:
    clip = tone(tmp_path / "elsewhere/a.wav")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/b.wav").symlink_to(clip)

    deliver(tmp_path / "folder", inbox=inbox)

    assert not (inbox / "b.wav").is_symlink()
    assert (inbox / "b.wav").samefile(clip)


def test_a_link_in_the_inbox_leads_nothing_out_of_it(
    tmp_path: Path, voices: Path, inbox: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inbox.mkdir()
    (inbox / "01").symlink_to(outside)

    result = deliver(voices, inbox=inbox)

    assert files_in(outside) == set()
    assert set(reasons(result).values()) == {"the file is a link that leads out of the inbox"}
    assert len(result.clips) == 2


def test_a_name_that_is_no_utf8_comes_as_it_is_under_an_escaped_identity(
    tmp_path: Path, inbox: Path, tone: Tone
) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    try:
        tone(tmp_path / "folder" / name)
    except OSError:
        pytest.skip("this file system takes no such name")

    result = deliver(tmp_path / "folder", inbox=inbox)

    assert result.refused == []
    assert set(result.clips) == {"caf\\xe9.wav"}
    assert os.listdir(inbox) == [name]
    assert deliver(tmp_path / "folder" / name, inbox=inbox).counts == {Placed.ALREADY: 1}


def test_audio_comes_under_any_name_and_nothing_else_does(
    tmp_path: Path, inbox: Path, tone: Tone
) -> None:
    for name in ("a.WAV", "b.wave", "memo"):
        tone(tmp_path / "folder" / name)
    (tmp_path / "folder" / "README").write_text("About")
    (tmp_path / "folder" / "song.mp3").write_bytes(b"ID3\4" + bytes(90))
    wanted = {"a.WAV", "b.wave", "memo", "song.mp3"}

    from_folder = deliver(tmp_path / "folder", inbox=inbox)
    members = {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()}
    from_zip = deliver(zipped(tmp_path / "v.zip", members), inbox=inbox)
    [from_file] = deliver(tmp_path / "folder" / "memo", inbox=inbox).clips

    assert set(from_folder.clips) == set(from_zip.clips) == files_in(inbox) == wanted
    assert from_file == "memo"


def test_a_full_disk_ends_it_with_one_clear_error(
    voices: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*paths: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("earmark.files._write", full)
    monkeypatch.setattr("earmark.files._link", lambda *paths: False)

    with pytest.raises(EarmarkError, match=r"nothing can be written to .*: No space left"):
        deliver(voices, inbox=inbox)


def test_a_zips_clips_come_with_their_paths_and_leave_nothing_else(
    tmp_path: Path, voices: Path, inbox: Path
) -> None:
    members = {name: (voices / name).read_bytes() for name in files_in(voices)}
    archive = zipped(tmp_path / "v.zip", members | {"notes.txt": b"", "__MACOSX/._0.wav": b"x"})

    result = deliver(archive, inbox=inbox)

    assert result.counts == {Placed.COPIED: 4}
    assert files_in(inbox) == files_in(voices)
    assert (inbox / "02/7_02_0.wav").read_bytes() == (voices / "02/7_02_0.wav").read_bytes()


def test_a_zip_ingested_twice_brings_nothing_new(tmp_path: Path, voices: Path, inbox: Path) -> None:
    clip = (voices / "01/0_01_0.wav").read_bytes()
    archive = zipped(tmp_path / "v.zip", {"a.wav": clip})
    deliver(archive, inbox=inbox)

    assert deliver(archive, inbox=inbox).counts == {Placed.ALREADY: 1}
    other = zipped(tmp_path / "w.zip", {"a.wav": clip + b"more"})
    assert reasons(deliver(other, inbox=inbox)) == {
        "a.wav": "another clip has this name in the inbox, and stays"
    }


def test_members_that_lead_out_of_the_zip_are_refused(tmp_path: Path, inbox: Path) -> None:
    evil = {"../out.wav": b"1", "/abs.wav": b"2", "a\\..\\..\\back.wav": b"3", "good.wav": b"4"}

    result = deliver(zipped(tmp_path / "evil.zip", evil), inbox=inbox)

    assert files_in(inbox) == {"good.wav"}
    assert files_in(tmp_path) == {"evil.zip", "inbox/good.wav"}
    assert set(reasons(result)) == {"out.wav", "abs.wav", "back.wav"}
    assert set(reasons(result).values()) == {"its path leads out of the zip"}


def test_links_nested_zips_and_encrypted_members_are_refused(tmp_path: Path, inbox: Path) -> None:
    archive = zipped(tmp_path / "odd.zip", {"inner.zip": b"PK", "good.wav": b"1"})
    with zipfile.ZipFile(archive, "a") as opened:
        link = zipfile.ZipInfo("link.wav")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
        opened.writestr("secret.wav", b"s")
    data = archive.read_bytes()
    entry = data.rindex(b"PK\x01\x02")
    archive.write_bytes(data[: entry + 8] + b"\x01" + data[entry + 9 :])

    result = deliver(archive, inbox=inbox)

    assert files_in(inbox) == {"good.wav"}
    assert reasons(result) == {
        "inner.zip": "it is a zip within a zip, which is not opened",
        "link.wav": "it is a link or a device, not a file",
        "secret.wav": "it is encrypted",
    }


def test_members_that_are_too_large_or_packed_too_tightly_are_refused(
    tmp_path: Path, inbox: Path
) -> None:
    limits = Limits(4 << 20, 30.0)
    bombs = {"large.wav": bytes(5 << 20), "tight.wav": bytes(3 << 20), "silence.wav": bytes(32_000)}
    archive = zipped(tmp_path / "bomb.zip", bombs)

    result = ingest([archive], inbox, limits, tell=len)

    assert files_in(inbox) == {"silence.wav"}
    assert "the limit is 4,194,304" in reasons(result)["large.wav"]
    assert "times its size" in reasons(result)["tight.wav"]


def test_a_zip_that_declares_too_much_is_refused_as_a_whole(
    tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.audio.zip_reader.MOST_UNPACKED_BYTES", 1_000)

    result = deliver(zipped(tmp_path / "big.zip", {"a.wav": bytes(2_000)}), inbox=inbox)

    assert "a zip may hold" in reasons(result)["big.zip"]


def test_damaged_zips_and_members_are_named(tmp_path: Path, voices: Path, inbox: Path) -> None:
    clip = (voices / "01/0_01_0.wav").read_bytes()
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(damaged, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("good.wav", clip)
        archive.writestr("bad.wav", b"flip me, and the checksum tells")
    damaged.write_bytes(damaged.read_bytes().replace(b"flip me", b"flop me"))
    no_zip = tmp_path / "no.zip"
    no_zip.write_bytes(b"hello")

    result = deliver(damaged, no_zip, inbox=inbox)

    assert files_in(inbox) == {"good.wav"}
    assert reasons(result)["bad.wav"].startswith("it cannot be unpacked: Bad CRC-32")
    assert reasons(result)["no.zip"].startswith("it cannot be opened as a zip")


def test_a_labels_file_tells_of_the_clips_it_came_with(
    voices: Path, inbox: Path, tmp_path: Path
) -> None:
    (voices / "labels.csv").write_text(
        "path,digit,speaker\n./01/0_01_0.wav,5,ann\n02/7_02_0.wav,none,\nnot/here.wav,1,\n"
    )
    file = tmp_path / "var/labels.csv"

    result = ingest([voices], inbox, LIMITS, tell=lambda lines: tell(lines, file, None))

    assert result.told == 2
    assert {line.path: line.told for line in labels_csv.read(file)} == {
        "01/0_01_0.wav": Told(5, "ann", "labels.csv"),
        "02/7_02_0.wav": Told("none", None, "labels.csv"),
    }


def test_a_labels_file_in_a_zip_tells_too(tmp_path: Path, inbox: Path) -> None:
    archive = zipped(tmp_path / "v.zip", {"a.wav": b"1", "labels.csv": b"path,digit\na.wav,9\n"})
    file = tmp_path / "var/labels.csv"

    ingest([archive], inbox, LIMITS, tell=lambda lines: tell(lines, file, None))

    assert [(line.path, line.told.digit) for line in labels_csv.read(file)] == [("a.wav", 9)]


def test_a_labels_file_alone_tells_of_clips_in_the_inbox(
    tmp_path: Path, inbox: Path, tone: Tone
) -> None:
    tone(inbox / "a.wav")
    listing = tmp_path / "said.csv"
    listing.write_text("path,digit\na.wav,4\nb.wav,5\n")
    file = tmp_path / "var/labels.csv"

    ingest([listing], inbox, LIMITS, tell=lambda lines: tell(lines, file, None))

    assert [(line.path, line.told.digit) for line in labels_csv.read(file)] == [("a.wav", 4)]


def test_the_truth_is_told_before_a_new_clip_appears(voices: Path, inbox: Path) -> None:
    (voices / "labels.csv").write_text("path,digit\n01/0_01_0.wav,5\n")
    there_when_told: list[bool] = []

    def listen(lines: Sequence[Line]) -> int:
        there_when_told.extend((inbox / line.path).exists() for line in lines)
        return len(lines)

    ingest([voices], inbox, LIMITS, tell=listen)

    assert there_when_told[0] is False


def test_a_label_of_a_refused_clip_does_not_fall_upon_the_clip_that_stays(
    voices: Path, inbox: Path, tone: Tone
) -> None:
    (voices / "labels.csv").write_text("path,digit\n01/0_01_0.wav,5\n")
    tone(inbox / "01/0_01_0.wav", hertz=1_000)

    assert deliver(voices, inbox=inbox).told == 0


def test_a_labels_file_that_lies_is_refused_and_its_clips_are_not(
    voices: Path, inbox: Path
) -> None:
    (voices / "labels.csv").write_text("path,digit\n01/0_01_0.wav,eleven\n")

    result = deliver(voices, inbox=inbox)

    assert "line 2: 'eleven' is no digit" in reasons(result)["labels.csv"]
    assert len(result.clips) == 4


def test_an_old_list_never_overrules_what_was_said_since(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    said = Line("a.wav", Told(7, None, "ann"), "2026-01-02T00:00:00+00:00")
    labels_csv.append(file, [said])
    older = Line("a.wav", Told(1, None, "list"), "2025-01-01")
    newer = Line("a.wav", Told(2, None, "bob"), "2026-01-03T00:00:00Z")

    assert tell([older], file, None) == 0
    assert tell([said], file, None) == 0
    assert tell([newer], file, None) == 1
    assert [line.told.digit for line in labels_csv.read(file)] == [7, 2]


def test_what_is_told_reaches_the_store_and_the_clips_already_labelled(
    tmp_path: Path, inbox: Path, tone: Tone, store: Store, label_inbox: Callable[[Path], object]
) -> None:
    tone(inbox / "doubtful.wav", amplitude=0.1)
    label_inbox(inbox)
    line = Line("doubtful.wav", Told(4, "ann", "list"), "2026-01-01T00:00:00+00:00")

    tell([line], tmp_path / "labels.csv", store.clips)

    [record] = store.clips.records(["doubtful.wav"])
    assert record is not None
    assert (record.truth, record.speaker, record.state) == (4, "ann", State.LABELLED)
    assert store.clips.corrections(["doubtful.wav"]) == [Told(4, "ann", "list")]


def test_waiting_ends_when_every_clip_is_done_in_its_present_revision(
    inbox: Path, tone: Tone, store: Store, label_inbox: Callable[[Path], object]
) -> None:
    tone(inbox / "a.wav")
    (inbox / "b.wav").write_bytes(b"no wav")
    label_inbox(inbox)
    clips = {name: Revision.of((inbox / name).stat()) for name in ("a.wav", "b.wav")}
    seen: list[float] = []

    ended = wait_until_settled(store, clips, Clock(lambda: 0.0, seen.append), seen.append)

    assert ended == {State.LABELLED: 1, State.FAILED: 1}
    assert seen == [0, 2]


def test_waiting_gives_up_when_nobody_is_there_to_label(store: Store) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(NotRunning, match="no producer is alive"):
        wait_until_settled(
            store, {"a.wav": Revision(1, 1)}, Clock(lambda: now[0], sleep), lambda clips: None
        )
