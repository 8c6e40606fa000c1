"""Reads clips from disk: inside the inbox, of bounded size, decoded; or why not."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from earmark.audio.conversion import HEAD_BYTES, advice
from earmark.audio.decode import Limits, Sound, decode
from earmark.audio.names import on_disk
from earmark.clips import Revision
from earmark.errors import ClipError

_READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that was read and decoded."""

    path: Path
    revision: Revision
    digest: str
    sound: Sound

    @property
    def seconds(self) -> float:
        return round(len(self.sound.samples) / self.sound.rate, 4)


@dataclass(frozen=True, slots=True)
class Failed:
    """A file without a vector, and why."""

    path: Path
    reason: str


def inside(inbox: Path, relative: str) -> Path:
    """The file of a clip, which must lie in the inbox.

    Parameters
    ----------
    inbox
        Already resolved: absolute and free of links.
    relative
        A clip's path, with forward slashes.

    Raises
    ------
    ClipError
        When the path, or a link on its way, leads out of the inbox.
    """
    return Fence(inbox).inside(relative)


class Fence:
    """Tells which clips lie in the inbox.

    It remembers what it learnt of the inbox's folders, so it should not live longer than a batch.

    Parameters
    ----------
    inbox
        Already resolved: absolute and free of links.
    """

    def __init__(self, inbox: Path) -> None:
        self._root = str(inbox).rstrip("/") + "/"
        self._folders: dict[str, bool] = {}

    def inside(self, relative: str) -> Path:
        """As the function of this name."""
        if relative.startswith("/") or ".." in relative.split("/"):
            raise ClipError("the path leads out of the inbox")
        relative = on_disk(relative)
        path = self._root + relative
        if not (self._holds(path) if os.path.islink(path) else self._folder_is_inside(relative)):
            raise ClipError("the file is a link that leads out of the inbox")
        return Path(path)

    def _folder_is_inside(self, relative: str) -> bool:
        folder = relative.rpartition("/")[0]
        if folder not in self._folders:
            self._folders[folder] = not folder or self._holds(self._root + folder)
        return self._folders[folder]

    def _holds(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._root)


def record(path: Path, limits: Limits, *, missing: str = "there is no such file") -> Recording:
    """Read and decode one file.

    Parameters
    ----------
    missing
        What is said of a file that is not there.

    Raises
    ------
    ClipError
        When it is gone, unreadable, no regular file, too large, or cannot be decoded.
    """
    try:
        data, revision = _read(path, limits)
    except FileNotFoundError as error:
        raise ClipError(missing) from error
    except OSError as error:
        raise ClipError(f"the file cannot be read: {error.strerror}") from error
    digest = blake2b(data, digest_size=16).hexdigest()
    try:
        return Recording(path, revision, digest, decode(data, limits))
    except ClipError as error:
        raise ClipError(advice(path.name, data[:HEAD_BYTES]) or error.reason) from error


def try_record(path: Path, limits: Limits) -> Recording | Failed:
    """As `record`, with the error as a value."""
    try:
        return record(path, limits)
    except ClipError as error:
        return Failed(path, error.reason)


def _read(path: Path, limits: Limits) -> tuple[bytes, Revision]:
    descriptor = os.open(path, _READ_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ClipError("it is no regular file")
        if status.st_size > limits.max_bytes:
            raise ClipError(
                f"the file is too large: {status.st_size:,} bytes, "
                f"and the limit is {limits.max_bytes:,} (EARMARK_MAX_MEGABYTES)"
            )
        return _read_all(descriptor, status.st_size), Revision.of(status)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size_bytes: int) -> bytes:
    data = os.read(descriptor, size_bytes)
    while len(data) < size_bytes and (more := os.read(descriptor, size_bytes - len(data))):
        data += more
    return data
