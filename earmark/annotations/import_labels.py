"""Taking in a `labels.csv` that comes with clips: what in it is new, and writing that down."""

from __future__ import annotations

import csv
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from earmark.annotations import labels_csv
from earmark.annotations.corrections import corrected
from earmark.annotations.labels_csv import Line
from earmark.audio.reader import Failed
from earmark.audio.zip_reader import member_at_root
from earmark.errors import ClipError, LabelError
from earmark.store.ledger import Ledger

LABELS = "labels.csv"
_CHUNK = 1_000


def lines_of_file(file: Path) -> list[Line]:
    """The newest line about each path of a labels file; none when it is not there.

    Lines without a time were said when the file was last changed.

    Raises
    ------
    LabelError
        When it cannot be read as a whole.
    """
    if not file.exists():
        return []
    changed = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    try:
        lines = [_normal(line, changed) for line in labels_csv.read(file)]
    except (csv.Error, UnicodeDecodeError) as error:
        raise LabelError(f"{file} is no labels file: {error}") from error
    return list({line.path: line for line in lines}.values())


def lines_of_archive(archive: zipfile.ZipFile, max_bytes: int) -> list[Line]:
    """As `lines_of_file`, for the labels file on the first level of a zip.

    Raises
    ------
    LabelError, ClipError
        When it cannot be read as a whole.
    """
    member = member_at_root(archive, LABELS, max_bytes)
    if member is None:
        return []
    if isinstance(member, Failed):
        raise ClipError(member.reason)
    with tempfile.TemporaryDirectory() as folder, member.open() as content:
        file = Path(folder) / LABELS
        file.write_bytes(content.read())
        os.utime(file, (packed := _packed_at(member.info), packed))
        return lines_of_file(file)


def tell(lines: Sequence[Line], file: Path, ledger: Ledger | None) -> int:
    """Write down what is newer than all that was said of the same clips before.

    Parameters
    ----------
    file
        The labels file of the data folder.
    ledger
        None where no store answers: the producer tells it when it starts.

    Returns
    -------
    How many lines were new.
    """
    if not lines:
        return 0
    said = {line.path: line for line in labels_csv.read(file)}
    fresh = _newer(lines, said)
    if fresh:
        labels_csv.append(file, fresh)
    if ledger is not None:
        _tell_ledger(fresh, ledger)
    return len(fresh)


def _packed_at(info: zipfile.ZipInfo) -> float:
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:  # a zip may say month 0
        return 0.0


def _normal(line: Line, at: str) -> Line:
    path = PurePosixPath(line.path.replace("\\", "/")).as_posix()
    return replace(line, path=path, at=line.at or at)


def _newer(lines: Iterable[Line], said: Mapping[str, Line]) -> list[Line]:
    return [line for line in lines if line.path not in said or _time(line) > _time(said[line.path])]


def _time(line: Line) -> datetime:
    try:
        time = datetime.fromisoformat(line.at)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _tell_ledger(lines: Sequence[Line], ledger: Ledger) -> None:
    for start in range(0, len(lines), _CHUNK):
        waiting = {line.path: line for line in lines[start : start + _CHUNK]}
        ledger.correct_all({path: line.told for path, line in waiting.items()})
        while waiting:
            waiting = _correct_records(waiting, ledger)


def _correct_records(lines: Mapping[str, Line], ledger: Ledger) -> dict[str, Line]:
    """Correct the records there are; answers the lines of those that changed under our hands."""
    records = [record for record in ledger.records(list(lines)) if record is not None]
    changes = [(old, corrected(old, lines[old.path])) for old in records]
    changes = [(old, new) for old, new in changes if old != new]
    swapped = set(ledger.swap(changes)) if changes else set()
    return {old.path: lines[old.path] for old, _ in changes if old.path not in swapped}
