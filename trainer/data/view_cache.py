"""The views of clips on disk, so that a later training does not make them again.

One file a front end and augmentation, of records of one length: digest, views, check sum. It only
grows at its end, under a lock, so that trainings side by side share it; a record that was not
written whole is not taken. Values are float16, whose rounding is far below what any view strays.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.environment.data_folder import keep_private, owner_only

SUFFIX = ".views"
LIMIT_BYTES = 2**29
"""What a cache takes at most by default: 80,000 clips of 13 views of 240 values."""


@dataclass(frozen=True, slots=True)
class ViewCache:
    """Views of one shape by the digests of their clips.

    Parameters
    ----------
    folder
        Where it stands; made when it is first written to.
    identity
        Changes when any view would; views of another identity are thrown away.
    shape
        Views a clip, and values a view.
    limit_bytes
        What it takes at most; what does not fit is not kept.
    """

    folder: Path
    identity: str
    shape: tuple[int, int]
    limit_bytes: int = LIMIT_BYTES

    def read(self, digests: Collection[str]) -> dict[str, NDArray[np.float16]]:
        """The views of those clips that are there, each float16 of shape `shape`."""
        wanted = {bytes.fromhex(digest): digest for digest in digests}
        found = {}
        for record in self._records():
            digest = wanted.get(record["digest"].tobytes())
            if digest is not None and record["check"] == _check(record):
                found[digest] = np.array(record["views"])
        return found

    def add(self, views: Mapping[str, NDArray[np.floating]]) -> int:
        """Keep the views of clips that are not there yet, as many as fit.

        Returns
        -------
        int
            How many clips' views were kept.
        """
        with self._locked():
            size = self._mended_size()
            room = max(self.limit_bytes - size, 0) // self._dtype.itemsize
            records = [self._record(*item) for item in list(views.items())[:room]]
            with open(self._path, "ab", opener=owner_only) as file:
                file.write(b"".join(records))
        return len(records)

    def keep(self, digests: Collection[str]) -> None:
        """Throw away the views of all other clips, when no room is left."""
        if self.size_bytes + self._dtype.itemsize <= self.limit_bytes:
            return
        wanted = {bytes.fromhex(digest) for digest in digests}
        with self._locked():
            kept = [r.tobytes() for r in self._records() if r["digest"].tobytes() in wanted]
            fresh = self._path.with_suffix(".part")
            with open(fresh, "wb", opener=owner_only) as file:
                file.write(b"".join(kept))
            fresh.replace(self._path)

    @property
    def size_bytes(self) -> int:
        """What this cache takes on disk."""
        return self._path.stat().st_size if self._path.exists() else 0

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.identity}{SUFFIX}"

    @property
    def _dtype(self) -> np.dtype[np.void]:
        return np.dtype([("digest", "V16"), ("views", "<f2", self.shape), ("check", "<u4")])

    def _records(self) -> Iterator[np.void]:
        count = self.size_bytes // self._dtype.itemsize
        if count:
            yield from np.memmap(self._path, self._dtype, "r", shape=(count,))

    def _record(self, digest: str, views: NDArray[np.floating]) -> bytes:
        record = np.zeros(1, self._dtype)
        record["digest"] = np.void(bytes.fromhex(digest))
        record["views"] = views
        record["check"] = _check(record[0])
        return record.tobytes()

    def _mended_size(self) -> int:
        """Size without what a killed training left half written, which is cut off."""
        whole = self.size_bytes // self._dtype.itemsize * self._dtype.itemsize
        if self.size_bytes != whole:
            os.truncate(self._path, whole)
        return whole

    @contextmanager
    def _locked(self) -> Iterator[None]:
        keep_private(keep_private(self.folder.parent) / self.folder.name)
        with open(self.folder / "lock", "w", opener=owner_only) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for other in self.folder.glob(f"*{SUFFIX}"):
                if other != self._path:
                    other.unlink(missing_ok=True)
            yield


def disk_bytes(folder: Path) -> int:
    """What all caches of a folder take on disk."""
    return sum(path.stat().st_size for path in folder.glob(f"*{SUFFIX}"))


def _check(record: np.void) -> int:
    return zlib.crc32(record["views"].tobytes(), zlib.crc32(record["digest"].tobytes()))
