"""Zips that were damaged or made to do harm are refused in words, never with a traceback."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from earmark.audio.reader import Failed
from earmark.audio.zip_reader import Member, members, open_archive
from earmark.errors import ClipError

MOST = 1_000_000
CLIP = b"RIFF" + bytes(range(200)) * 5


def zipped(content: bytes = CLIP, name: str = "7_theo_0.wav") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def central(data: bytes, offset: int, layout: str, value: int) -> bytes:
    """The zip with another number in the first entry of its directory."""
    at = data.index(b"PK\1\2") + offset
    return data[:at] + struct.pack(layout, value) + data[at + struct.calcsize(layout) :]


def unpacked(tmp_path: Path, data: bytes) -> bytes:
    (tmp_path / "some.zip").write_bytes(data)
    with open_archive(tmp_path / "some.zip") as archive:
        [item] = members(archive, MOST)
        if isinstance(item, Failed):
            raise ClipError(item.reason)
        with item.open() as content:
            return content.read()


def test_an_honest_member_is_unpacked(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped()) == CLIP


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(zipped()[4:], id="a beginning that is cut off"),
        pytest.param(central(zipped(), 42, "<I", 0x7FFF_FFFF), id="a place beyond the end"),
        pytest.param(central(zipped(), 10, "<H", 99), id="a packing of nobody"),
        pytest.param(central(zipped(), 16, "<I", 1), id="a wrong checksum"),
        pytest.param(central(zipped(), 24, "<I", 10), id="a size that is too small"),
        pytest.param(central(zipped(name="ü.wav"), 46, "<B", 0xFF), id="a name that is no UTF-8"),
        pytest.param(zipped()[:-10], id="an end that is cut off"),
        pytest.param(b"PK\5\6" + b"\xff" * 18, id="a directory that is nowhere"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_damaged_zip_is_refused_in_words(tmp_path: Path, damaged: bytes) -> None:
    with pytest.raises(ClipError, match=r"it cannot be (opened as a zip|unpacked): |packed in a w"):
        unpacked(tmp_path, damaged)


def test_a_member_that_holds_more_than_it_says_gives_no_more_than_it_says(tmp_path: Path) -> None:
    bomb = central(zipped(bytes(50_000_000)), 24, "<I", 500_000)
    bomb = central(bomb, 16, "<I", zlib.crc32(bytes(500_000)))

    assert len(unpacked(tmp_path, bomb)) == 500_000


def test_members_that_share_their_bytes_cannot_grow_beyond_the_limit_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.audio.zip_reader.MOST_UNPACKED_BYTES", 3 * len(CLIP))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.wav", CLIP)
    (tmp_path / "some.zip").write_bytes(file.getvalue())

    with pytest.raises(ClipError, match="it declares 4 clips"):
        open_archive(tmp_path / "some.zip")


@pytest.mark.parametrize("name", ["li\nne.wav", 'quo"te.wav', "e\u0301.wav", "x" * 200 + ".WAV"])
def test_odd_names_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / "some.zip").write_bytes(zipped(name=name))

    with open_archive(tmp_path / "some.zip") as archive:
        [item] = members(archive, MOST)

    assert isinstance(item, Member)
    assert item.path == name


def packed_as_by_a_mac(tmp_path: Path, name: str) -> Path:
    """A zip with a name in UTF-8 and without the flag that says so."""
    told = name.encode()
    stand_in = "x" * len(told)
    file = tmp_path / "mac.zip"
    file.write_bytes(zipped(name=stand_in).replace(stand_in.encode(), told))
    return file


@pytest.mark.parametrize(
    "name", ["7_J\u00fcrgen_0.wav", "7_Ju\u0308rgen_0.wav", "\u540d\u524d/1.wav"]
)
def test_a_name_in_utf8_that_does_not_say_so_is_read_as_it_was_meant(
    tmp_path: Path, name: str
) -> None:
    with open_archive(packed_as_by_a_mac(tmp_path, name)) as archive:
        [item] = members(archive, MOST)
        assert isinstance(item, Member)
        with item.open() as content:
            assert content.read() == CLIP

    assert item.path == name


def test_a_name_in_the_letters_of_dos_is_still_read(tmp_path: Path) -> None:
    file = tmp_path / "dos.zip"
    file.write_bytes(zipped(name="7_Jxrgen_0.wav").replace(b"7_Jxrgen", b"7_J\x81rgen"))

    with open_archive(file) as archive:
        [item] = members(archive, MOST)

    assert isinstance(item, Member)
    assert item.path == "7_J\u00fcrgen_0.wav"


def test_what_a_mac_lays_beside_the_clips_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "some.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.wav", "__MACOSX/a.wav", "__MACOSX/._a.wav", "sub/._b.wav", ".DS_Store"):
            archive.writestr(name, CLIP)

    with open_archive(file) as opened:
        [item] = members(opened, MOST)

    assert isinstance(item, Member)
    assert item.path == "a.wav"


@pytest.mark.parametrize("suffix", ["wav", "dat"])
def test_many_small_members_are_bounded_together_by_what_the_file_itself_is(
    tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(80):
            archive.writestr(f"{number}.{suffix}", bytes(900_000))

    with pytest.raises(ClipError, match=r"its 80 clips unpack to \d+ times its size"):
        open_archive(file)


def test_a_few_silent_members_may_be_packed_tightly(tmp_path: Path) -> None:
    file = tmp_path / "silence.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.wav", bytes(900_000))

    with open_archive(file) as opened:
        assert len(list(members(opened, MOST))) == 10


def test_a_member_under_another_name_is_taken_for_its_content(tmp_path: Path) -> None:
    file = tmp_path / "some.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("memo", b"fLaC" + CLIP)
        archive.writestr("README", b"About")

    with open_archive(file) as opened:
        assert [item.path for item in members(opened, MOST) if isinstance(item, Member)] == ["memo"]
