"""Zips of clips: what of them may be unpacked, and why the rest may not."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from earmark.audio.conversion import HEAD_BYTES
from earmark.audio.discovery import Discovery
from earmark.audio.kinds import Kind, by_content
from earmark.audio.reader import Failed
from earmark.errors import ClipError

MOST_MEMBERS = 1_000_000
MOST_UNPACKED_BYTES = 20 * 1024**3
"""Of all wav files of a zip together."""
MOST_RATIO = 200
"""Unpacked bytes a packed one; recorded speech packs to a half, a second of silence to a 500th."""
RATIO_MATTERS_BYTES = 1024**2
"""Members up to this size may be as tightly packed as they like,"""
SUM_RATIO_MATTERS_BYTES = 64 * 1024**2
"""as long as all together stay below this one: many small members make a large one, too."""

_ENCRYPTED = 0x1
_UTF8 = 0x800
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


def open_archive(path: Path, discovery: Discovery | None = None) -> zipfile.ZipFile:
    """Open a zip.

    Parameters
    ----------
    discovery
        Tells clips from other files.

    Raises
    ------
    ClipError
        When it is none, or holds more than any honest one.
    """
    discovery = discovery or Discovery()
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise ClipError(f"it cannot be opened as a zip: {error}") from error
    sizes = [
        info.file_size
        for info in archive.infolist()
        if discovery.by_path(_checked_path(info)) in (None, Kind.CLIP)
    ]
    reason = _refusal_of_all(len(sizes), sum(sizes), _packed_bytes(archive))
    if reason:
        archive.close()
        raise ClipError(reason)
    return archive


def _packed_bytes(archive: zipfile.ZipFile) -> int:
    return archive.fp.seek(0, os.SEEK_END) if archive.fp else 0


def _refusal_of_all(members: int, unpacked: int, packed: int) -> str | None:
    """Why a zip is not unpacked at all; None when it may be."""
    if members > MOST_MEMBERS or unpacked > MOST_UNPACKED_BYTES:
        return (
            f"it declares {members:,} clips of {unpacked / 1024**3:,.1f} GiB together; "
            f"a zip may hold {MOST_MEMBERS:,} of {MOST_UNPACKED_BYTES / 1024**3:g} GiB"
        )
    # Members may share their bytes, so the file's own size is what they are compared with.
    if unpacked > SUM_RATIO_MATTERS_BYTES and unpacked > packed * MOST_RATIO:
        return (
            f"its {members:,} clips unpack to {unpacked / packed:,.0f} times its size; "
            "no recordings do"
        )
    return None


def members(
    archive: zipfile.ZipFile, max_bytes: int, discovery: Discovery | None = None
) -> Iterator[Member | Failed]:
    """The clips of a zip, and those files of it that are refused.

    What is ignored is passed over, and whatever is neither a clip nor a zip.

    Parameters
    ----------
    discovery
        Tells clips from other files.
    """
    discovery = discovery or Discovery()
    for info in archive.infolist():
        kind = discovery.by_path(_checked_path(info))
        if info.is_dir() or kind not in (None, Kind.CLIP, Kind.ARCHIVE):
            continue
        if kind is Kind.ARCHIVE and not _is_zip(info):
            continue
        member = Member(archive, info, "/".join(PurePosixPath(_path(info)).parts))
        reason = refusal(info, max_bytes)
        if kind is None and (reason or not _holds_audio(member)):
            continue
        yield Failed(member.shown, reason) if reason else member


def refusal(info: zipfile.ZipInfo, max_bytes: int) -> str | None:
    """Why a member is not unpacked; None when it may be."""
    path = PurePosixPath(_path(info))
    if path.is_absolute() or ".." in path.parts:
        return "its path leads out of the zip"
    if _is_zip(info):
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


def _path(info: zipfile.ZipInfo) -> str:
    """A member's path with forward slashes; the Mac packs UTF-8 and does not say so."""
    path = info.filename
    if not info.flag_bits & _UTF8 and not path.isascii():
        with suppress(UnicodeError):
            path = path.encode("cp437").decode()
    return path.replace("\\", "/")


def _checked_path(info: zipfile.ZipInfo) -> str:
    """The path without what would lead out of the zip, which is refused and not ignored."""
    return "/".join(part for part in PurePosixPath(_path(info)).parts if part not in ("/", ".."))


def _is_zip(info: zipfile.ZipInfo) -> bool:
    return _path(info).lower().endswith(".zip")


def _holds_audio(member: Member) -> bool:
    try:
        with member.open() as content:
            return by_content(member.path, content.read(HEAD_BYTES)) is Kind.CLIP
    except (ClipError, OSError):
        return False
