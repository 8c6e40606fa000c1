"""A backup of all that Earmark knows, as one file; made and brought back while everything runs.

    backup.json         format, schema, when, and size and SHA-256 of all that follows
    clips.jsonl         the records of all clips that are done, as [path, record]
    corrections.jsonl   the newest word about each path, as [path, digit, speaker, by]
    board.json          the last training
    vectors/<front end>:<fingerprint>    digest (16 bytes) and vector (float32) of each clip
    labels.csv, forgotten.csv            as they lie in the data folder
    models/live, models/<version>/...    the published models

The recordings themselves are not in it: they lie in the inbox and are only read.

Records are read before the vectors and corrections that they rest on, so none in the backup lacks
any, though nothing stands still meanwhile. Bringing a backup back adds what is missing and takes
away nothing that is newer: a record comes back where the store knows nothing of the clip, or has
not heard the same revision yet; of what was said about a clip the newest word wins; models and the
pointer to the live one come back where there are none; what was forgotten since stays forgotten.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from earmark.admin import forget_speaker
from earmark.annotations import labels_csv
from earmark.environment.data_folder import keep_private
from earmark.errors import BackupError
from earmark.files import written
from earmark.model.registry import Registry
from earmark.model.version_folders import POINTER, is_registry, versions_in
from earmark.store import Store
from earmark.store.migrations import VERSION as SCHEMA

FORMAT = 1
MANIFEST = "backup.json"
CLIPS = "clips.jsonl"
CORRECTIONS = "corrections.jsonl"
BOARD = "board.json"
VECTORS = "vectors"
MODELS = "models"
LABELS = "labels.csv"
MOST_MANIFEST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class House:
    """What is backed up: the store, and the two folders beside it."""

    store: Store
    data: Path
    models: Path


def back_up(house: House, file: Path, now: datetime) -> dict[str, int]:
    """Write a backup, readable by its owner alone; it appears whole or not at all.

    Returns
    -------
    How many clips, vectors, corrections and models are in it.

    Raises
    ------
    EarmarkError
        When it cannot be written.
    """
    with (
        written(file) as hidden,
        tempfile.TemporaryDirectory(dir=keep_private(house.data)) as staged,
    ):
        counts, row_bytes = _stage(house, Path(staged))
        told = {"made_at": now.isoformat(timespec="seconds"), "counts": counts}
        _pack(Path(staged), hidden, told | {"row_bytes": row_bytes})
    return counts


@contextmanager
def opened(file: Path, data: Path) -> Iterator[Path]:
    """A folder with the content of a backup, every byte of it checked.

    Parameters
    ----------
    data
        A folder that has room for it.

    Raises
    ------
    BackupError
        When it is no backup of ours, is damaged, or is of another version.
    """
    with tempfile.TemporaryDirectory(dir=keep_private(data)) as staged:
        try:
            with tarfile.open(file, "r|gz") as archive:
                _unpack(archive, file, Path(staged))
        except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
            raise BackupError(f"{file} is no backup of Earmark, or is damaged: {error}") from error
        yield Path(staged)


def _stage(house: House, folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Lay out the content; answers counts, and the length of a row of each table of vectors."""
    clips = _write_lines(
        folder / CLIPS,
        (
            [record.path, record.encode().decode()]
            for record in house.store.clips.all_records()
            if record.state.done
        ),
    )
    vectors, row_bytes = _stage_vectors(house.store, folder / VECTORS)
    corrections = _write_lines(
        folder / CORRECTIONS,
        (
            [path, told.digit, told.speaker, told.by]
            for path, told in house.store.clips.all_corrections()
        ),
    )
    board = {"last_training": house.store.training.last_training()}
    (folder / BOARD).write_text(json.dumps(board))
    (folder / LABELS).write_bytes(labels_csv.content(house.data / LABELS))
    forgotten = house.data / forget_speaker.FILE
    (folder / forget_speaker.FILE).write_bytes(
        forgotten.read_bytes() if forgotten.exists() else b""
    )
    models = _stage_models(Registry(house.models), folder / MODELS)
    counts = {"clips": clips, "vectors": vectors, "corrections": corrections, "models": models}
    return counts, row_bytes


def _write_lines(file: Path, values: Iterable[list[Any]]) -> int:
    """One JSON array a line; of arrays with the same first value, which a scan of the store may
    give twice, the last is kept when they are read."""
    count = 0
    with file.open("w", encoding="utf-8") as handle:
        for value in values:
            handle.write(json.dumps(value) + "\n")
            count += 1
    return count


def _stage_vectors(store: Store, folder: Path) -> tuple[int, dict[str, int]]:
    folder.mkdir()
    count = 0
    row_bytes: dict[str, int] = {}
    for table in store.vectors.tables():
        with (folder / table).open("wb") as handle:
            for digest, vector in store.vectors.rows(table):
                if len(digest + vector) == row_bytes.setdefault(table, len(digest + vector)):
                    handle.write(digest + vector)
                    count += 1
    return count, row_bytes


def _stage_models(registry: Registry, folder: Path) -> int:
    """Copy the versions and the pointer; one that is pruned meanwhile is left out as a whole."""
    folder.mkdir()
    if is_registry(registry.folder):
        shutil.copyfile(registry.folder / POINTER, folder / POINTER)
    count = 0
    for version in sorted(versions_in(registry.folder)):
        try:
            shutil.copytree(registry.folder / version, folder / version)
            count += 1
        except (FileNotFoundError, shutil.Error):
            shutil.rmtree(folder / version, ignore_errors=True)
    return count


def _pack(folder: Path, file: Path, told: dict[str, Any]) -> None:
    members = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    identities = {path.relative_to(folder).as_posix(): _identity(path) for path in members}
    manifest = {"format": FORMAT, "schema": SCHEMA, **told, "members": identities}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    file.touch(mode=0o600)
    with file.open("r+b") as raw:
        with tarfile.open(fileobj=raw, mode="w|gz") as archive:
            for path in (folder / MANIFEST, *members):
                archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
        raw.flush()
        os.fsync(raw.fileno())


def _identity(path: Path) -> list[Any]:
    with path.open("rb") as handle:
        return [path.stat().st_size, hashlib.file_digest(handle, "sha256").hexdigest()]


def _unpack(archive: tarfile.TarFile, file: Path, folder: Path) -> None:
    first = archive.next()
    if first is None or first.name != MANIFEST or first.size > MOST_MANIFEST_BYTES:
        raise BackupError(f"{file} is no backup of Earmark: it does not begin with {MANIFEST}")
    _copy(archive, first, folder / MANIFEST)
    manifest = json.loads((folder / MANIFEST).read_text())
    _check_version(manifest, file)
    expected = dict(manifest["members"])
    while (member := archive.next()) is not None:
        parts = PurePosixPath(member.name)
        identity = expected.pop(member.name, None)
        if identity is None or parts.is_absolute() or ".." in parts.parts or not member.isreg():
            raise BackupError(f"{file} is damaged: {member.name!r} has no place in it")
        if member.size != identity[0]:
            raise BackupError(f"{file} is damaged: {member.name} is not {identity[0]:,} bytes long")
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        _copy(archive, member, path)
        if _identity(path) != list(identity):
            raise BackupError(f"{file} is damaged: the checksum of {member.name} is wrong")
    if expected:
        raise BackupError(f"{file} is damaged: it lacks {min(expected)}")


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise BackupError(f"{member.name!r} is no file")
    with path.open("xb") as handle:
        shutil.copyfileobj(content, handle)


def _check_version(manifest: dict[str, Any], file: Path) -> None:
    found = (manifest["format"], manifest["schema"])
    if found > (FORMAT, SCHEMA) or manifest["schema"] > SCHEMA:
        raise BackupError(
            f"{file} was made by a newer version of Earmark (format {found[0]}, schema "
            f"{found[1]}; this one knows {FORMAT} and {SCHEMA}): install that version"
        )
    if found != (FORMAT, SCHEMA):
        raise BackupError(
            f"{file} is of format {found[0]} and schema {found[1]}: bring it back with the version "
            "that made it; the store is upgraded when this one starts"
        )
