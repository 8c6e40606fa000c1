"""Zips of clips: what of them may be unpacked, and why the rest may not."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from earmark.audio.discovery import is_wav
from earmark.audio.reader import Failed
from earmark.errors import ClipError

MOST_MEMBERS = 1_000_000
MOST_UNPACKED_BYTES = 20 * 1024**3
"""Of all wav files of a zip together."""
MOST_RATIO = 200
"""Unpacked bytes a packed one; recorded speech packs to a half, a second of silence to a 500th."""
RATIO_MATTERS_BYTES = 1024**2
"""Members up to this size may be as tightly packed as they like."""

_ENCRYPTED = 0x1
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    # A name that is no text, a place before the file's beginning, a way of packing not known.
    *(ValueError, OverflowError, RuntimeError),
)
"""What the standard library raises at a damaged zip."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip that may be unpacked."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    path: str
    """Relative, with forward slashes, without dots."""

    @property
    def shown(self) -> Path:
        """Where it is, for a person."""
        return Path(str(self.archive.filename)) / self.path

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Read its content; the checksum is held at the end.

        Raises
        ------
        ClipError
            When it is damaged.
        """
        try:
            content = self.archive.open(self.info)
        except (*_DAMAGE, OSError) as error:
            raise ClipError(f"it cannot be unpacked: {error}") from error
        with content:
            try:
                yield content
            except _DAMAGE as error:
                raise ClipError(f"it cannot be unpacked: {error}") from error


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip.

    Raises
    ------
    ClipError
        When it is none, or holds more than any honest one.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise ClipError(f"it cannot be opened as a zip: {error}") from error
    members = [info for info in archive.infolist() if is_wav(_name(info))]
    unpacked = sum(info.file_size for info in members)
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED_BYTES:
        archive.close()
        raise ClipError(
            f"it declares {len(members):,} clips of {unpacked / 1024**3:,.1f} GiB together; "
            f"a zip may hold {MOST_MEMBERS:,} of {MOST_UNPACKED_BYTES / 1024**3:g} GiB"
        )
    return archive


def members(archive: zipfile.ZipFile, max_bytes: int) -> Iterator[Member | Failed]:
    """The wav files of a zip, and those files of it that are refused.

    Hidden files and folders are passed over, and whatever is neither a wav nor a zip.
    """
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        hidden = any(part.startswith(".") and part != ".." for part in parts)
        if info.is_dir() or hidden or not _concerns_us(_name(info)):
            continue
        member = Member(archive, info, "/".join(parts))
        reason = refusal(info, max_bytes)
        yield Failed(member.shown, reason) if reason else member


def refusal(info: zipfile.ZipInfo, max_bytes: int) -> str | None:
    """Why a member is not unpacked; None when it may be."""
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        return "its path leads out of the zip"
    if _name(info).lower().endswith(".zip"):
        return "it is a zip within a zip, which is not opened"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is a link or a device, not a file"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if info.compress_type not in _PACKINGS:
        return f"it is packed in a way that is not read (method {info.compress_type})"
    if info.file_size > max_bytes:
        return (
            f"it unpacks to {info.file_size:,} bytes, "
            f"and the limit is {max_bytes:,} (EARMARK_MAX_MEGABYTES)"
        )
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > RATIO_MATTERS_BYTES and ratio > MOST_RATIO:
        return f"it unpacks to {ratio:,.0f} times its size; no recording does"
    return None


def member_at_root(archive: zipfile.ZipFile, name: str, max_bytes: int) -> Member | Failed | None:
    """A file of the zip's first level by its name; None where there is none."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    reason = refusal(info, max_bytes)
    member = Member(archive, info, name)
    return Failed(member.shown, reason) if reason else member


def _name(info: zipfile.ZipInfo) -> str:
    return info.filename.replace("\\", "/").rpartition("/")[2]


def _concerns_us(name: str) -> bool:
    return is_wav(name) or name.lower().endswith(".zip")
