"""From a file to its vector: read, decode, extract; one bad file costs no other anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Limits, Sound, decode
from earmark.clips import Revision
from earmark.errors import ClipError
from earmark.frontends import FrontEnd

CHUNK = 64
"""Clips that are extracted together; what one process holds in memory at a time."""

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
class Extracted:
    """A recording's vector, float32 of shape (dimensions of the front end,)."""

    recording: Recording
    vector: NDArray[np.float32]

    @property
    def path(self) -> Path:
        return self.recording.path

    @property
    def digest(self) -> str:
        return self.recording.digest


@dataclass(frozen=True, slots=True)
class Failed:
    """A file without a vector, and why."""

    path: Path
    reason: str


Outcome = Extracted | Failed


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


def record(path: Path, limits: Limits) -> Recording:
    """Read and decode one file.

    Raises
    ------
    ClipError
        When it is gone, unreadable, no regular file, too large, or cannot be decoded.
    """
    try:
        data, revision = _read(path, limits)
    except FileNotFoundError as error:
        raise ClipError("the file was gone before it could be read") from error
    except OSError as error:
        raise ClipError(f"the file cannot be read: {error.strerror}") from error
    digest = blake2b(data, digest_size=16).hexdigest()
    return Recording(path, revision, digest, decode(data, limits))


def extract(recordings: Sequence[Recording | Failed], front_end: FrontEnd) -> list[Outcome]:
    """Extract the vectors of many recordings at once, in their order; failures pass through."""
    decoded = [item for item in recordings if isinstance(item, Recording)]
    try:
        vectors = iter(front_end.extract([item.sound for item in decoded]))
    except (ArithmeticError, ValueError, MemoryError):
        return [_extract_alone(item, front_end) for item in recordings]
    return [
        item if isinstance(item, Failed) else _checked(item, next(vectors)) for item in recordings
    ]


def extract_files(
    paths: Iterable[Path], front_end: FrontEnd, limits: Limits, *, jobs: int = 1
) -> Iterator[Outcome]:
    """Read and extract files, in their order.

    Parameters
    ----------
    jobs
        Processes; 1 works in this one.
    """
    work = partial(_extract_chunk, front_end=front_end, limits=limits)
    chunks = list(_chunks(list(paths)))
    if jobs == 1 or len(chunks) == 1:
        for chunk in chunks:
            yield from work(chunk)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for outcomes in pool.map(work, chunks):
            yield from outcomes


def vectors_of(paths: Sequence[Path], front_end: FrontEnd, limits: Limits) -> NDArray[np.float32]:
    """The vectors of files, float32 of shape (files, dimensions).

    Raises
    ------
    ClipError
        When a file has none; names it.
    """
    vectors = np.empty((len(paths), front_end.dimensions), np.float32)
    for row, outcome in enumerate(extract_files(paths, front_end, limits)):
        if isinstance(outcome, Failed):
            raise ClipError(f"{outcome.path}: {outcome.reason}")
        vectors[row] = outcome.vector
    return vectors


def try_record(path: Path, limits: Limits) -> Recording | Failed:
    """As `record`, with the error as a value."""
    try:
        return record(path, limits)
    except ClipError as error:
        return Failed(path, error.reason)


def _extract_chunk(paths: Sequence[Path], *, front_end: FrontEnd, limits: Limits) -> list[Outcome]:
    return extract([try_record(path, limits) for path in paths], front_end)


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    yield from (paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK))


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


def _extract_alone(item: Recording | Failed, front_end: FrontEnd) -> Outcome:
    if isinstance(item, Failed):
        return item
    try:
        return _checked(item, front_end.extract([item.sound])[0])
    except (ArithmeticError, ValueError, MemoryError) as error:
        return Failed(item.path, f"no features can be extracted: {str(error) or 'out of memory'}")


def _checked(item: Recording, vector: NDArray[np.float32]) -> Outcome:
    if not np.isfinite(vector).all():
        return Failed(item.path, "no features can be extracted: the vector is not finite")
    return Extracted(item, vector)
