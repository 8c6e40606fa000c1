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
