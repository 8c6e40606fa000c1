"""Bringing a backup back: it adds what is missing, and takes away nothing that is newer."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from earmark.admin import backup, forget_speaker
from earmark.admin.backup import House
from earmark.annotations import labels_csv
from earmark.annotations.import_labels import tell
from earmark.annotations.labels_csv import Line
from earmark.clips import Record, Revision
from earmark.errors import BackupError, EarmarkError, ModelError
from earmark.model.registry import Registry
from earmark.model.version_folders import CARD, POINTER
from earmark.truth import Told

_T = TypeVar("_T")
_CHUNK = 1_000
_DIGEST_BYTES = 16
_VERSION = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Content:
    """What a backup holds, read and understood."""

    records: Mapping[str, Record]
    corrections: Mapping[str, Told]
    last_training: dict[str, Any] | None
    tables: Mapping[Path, int]
    """Files of vectors, and the length of their rows."""
    lines: Sequence[Line]
    forgotten: Mapping[str, Revision]
    models: Registry
    pointer: str | None


def restore(house: House, file: Path, now: datetime) -> dict[str, int]:
    """Bring a backup back into a running store and the folders beside it.

    - check every byte, line, row and model of it, before anything is changed
    - models, and the pointer where there is none
    - records, their vectors, and what was said about clips
    - the last training, if there was none since

    Returns
    -------
    How many of each were brought back.

    Raises
    ------
    BackupError
        When it is no backup, is damaged or of another version; nothing was changed.
    """
    with backup.opened(file, house.data) as folder:
        try:
            content = _without_forgotten(_understood(folder), house)
        except (EarmarkError, ValueError, KeyError, TypeError, OSError) as error:
            raise BackupError(f"{file} cannot be brought back: {error}") from error
        models = _bring_models(content, Registry(house.models))
        records = _bring_records(house, content)
        vectors = _bring_vectors(house, content)
        corrections = _bring_corrections(house, content)
        _keep_forgotten(house, content, now)
        if content.last_training:
            house.store.training.restore_last_training(content.last_training)
    _announce(house)
    return {
        "clips": records,
        "vectors": vectors,
        "corrections": corrections,
        "models": models,
    }


def _understood(folder: Path) -> Content:
    manifest = json.loads((folder / backup.MANIFEST).read_text())
    records = [
        Record.decode(_inside(path), line.encode()) for path, line in _lines(folder, backup.CLIPS)
    ]
    corrections = {_inside(path): Told(*told) for path, *told in _lines(folder, backup.CORRECTIONS)}
    models = Registry(folder / backup.MODELS, shipped=folder / "none")
    for version in models.versions():
        _check_model(models, version)
    pointer = models.folder / POINTER
    return Content(
        records={record.path: record for record in records},
        corrections=corrections,
        last_training=json.loads((folder / backup.BOARD).read_text())["last_training"],
        tables=dict(_tables(folder / backup.VECTORS, manifest["row_bytes"])),
        lines=list(labels_csv.read(folder / backup.LABELS))
        if _told(folder / backup.LABELS)
        else [],
        forgotten=forget_speaker.read(folder / forget_speaker.FILE),
        models=models,
        pointer=pointer.read_text().strip() if pointer.exists() else None,
    )


def _without_forgotten(content: Content, house: House) -> Content:
    """The content without what was forgotten since, as the data folder and the store tell."""
    told = dict(forget_speaker.read(house.data / forget_speaker.FILE))
    for paths in _chunks([*content.records, *content.corrections]):
        known = zip(paths, house.store.clips.forgotten(paths), strict=True)
        told |= {path: revision for path, revision in known if revision is not None}
    return Content(
        records={
            path: record
            for path, record in content.records.items()
            if path not in told or record.revision.mtime_ns > told[path].mtime_ns
        },
        corrections={p: word for p, word in content.corrections.items() if p not in told},
        last_training=content.last_training,
        tables=content.tables,
        lines=[line for line in content.lines if line.path not in told],
        forgotten={p: rev for p, rev in content.forgotten.items() if p not in told},
        models=content.models,
        pointer=content.pointer,
    )


def _lines(folder: Path, name: str) -> Iterator[list[Any]]:
    with (folder / name).open(encoding="utf-8") as handle:
        yield from (json.loads(line) for line in handle)


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise BackupError(f"{path!r} leads out of the inbox")
    return path


def _told(file: Path) -> bool:
    return file.stat().st_size > 0


def _tables(folder: Path, row_bytes: Mapping[str, int]) -> Iterator[tuple[Path, int]]:
    for name, length in row_bytes.items():
        size = (folder / name).stat().st_size
        if length <= _DIGEST_BYTES or (length - _DIGEST_BYTES) % 4 or size % length:
            raise BackupError(f"the vectors of {name} are no rows of {length} bytes")
        yield folder / name, length


def _check_model(models: Registry, version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise BackupError(f"{version!r} is no version of a model")
    card = models.card(version)
    for name, expected in card["checksums"].items():
        found = hashlib.sha256((models.path(version) / name).read_bytes()).hexdigest()
        if found != expected:
            raise BackupError(f"{name} of model {version} is not what its card says")


def _bring_models(content: Content, registry: Registry) -> int:
    brought = 0
    for version in content.models.versions():
        if not (registry.folder / version / CARD).exists():
            staged = registry.staging(version)
            shutil.copytree(content.models.path(version), staged, dirs_exist_ok=True)
            registry.publish(staged, version)
            brought += 1
    if content.pointer in registry.versions() and not (registry.folder / POINTER).exists():
        registry.promote(content.pointer)
    return brought


def _bring_records(house: House, content: Content) -> int:
    return sum(len(house.store.clips.restore(chunk)) for chunk in _chunks(content.records.values()))


def _bring_vectors(house: House, content: Content) -> int:
    """The vectors of the records; a digest of which only a forgotten clip told stays away."""
    wanted = {bytes.fromhex(each.digest) for each in content.records.values() if each.digest}
    count = 0
    for table, length in content.tables.items():
        for chunk in _chunks(_rows(table, length)):
            found = {digest: vector for digest, vector in chunk if digest in wanted}
            count += house.store.vectors.restore(table.name, found)
    return count


def _rows(table: Path, length: int) -> Iterator[tuple[bytes, bytes]]:
    with table.open("rb") as handle:
        while row := handle.read(length):
            yield row[:_DIGEST_BYTES], row[_DIGEST_BYTES:]


def _bring_corrections(house: House, content: Content) -> int:
    count = tell(content.lines, house.data / backup.LABELS, house.store.clips)
    for chunk in _chunks(content.corrections.items()):
        known = house.store.clips.corrections([path for path, _ in chunk])
        lost = {path: told for (path, told), now in zip(chunk, known, strict=True) if now is None}
        house.store.clips.correct_all(lost)
        count += len(lost)
    return count


def _keep_forgotten(house: House, content: Content, now: datetime) -> None:
    if content.forgotten:
        forget_speaker.append(house.data / forget_speaker.FILE, content.forgotten, now)
        house.store.clips.keep_forgotten(content.forgotten)


def _announce(house: House) -> None:
    registry = Registry(house.models)
    try:
        artefact = registry.artefact(registry.live())
    except ModelError:  # a store without models is brought back, too
        return
    if house.store.board.live() != artefact.announcement:
        house.store.board.announce(artefact)


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
