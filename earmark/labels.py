"""`labels.csv`: what people and imported lists say is spoken in a clip.

Lines are only ever appended, and flushed to disk, so that a wiped store is rebuilt from the
folder, this file and the models. The newest line about a path wins over older ones and over the
clip's name.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from earmark.clips import Told, Truth
from earmark.errors import LabelError

HEADER = ("path", "digit", "speaker", "by", "at")


@dataclass(frozen=True, slots=True)
class Line:
    """One statement about one clip."""

    path: str
    told: Told
    at: str
    """When it was said, ISO 8601."""


def read(file: Path) -> Iterator[Line]:
    """The lines of a labels file, oldest first; a file that is not there has none.

    `path` and `digit` are needed; `speaker`, `by` and `at` may be missing.

    Raises
    ------
    LabelError
        Names the line and what is wrong with it.
    """
    if not file.exists():
        return
    with file.open(newline="", encoding="utf-8-sig") as handle:
        rows = csv.DictReader(handle)
        missing = {"path", "digit"} - set(rows.fieldnames or ())
        if missing:
            raise LabelError(f"{file} has no column {' and '.join(sorted(missing))}")
        for row in rows:
            yield _line(row, f"{file}, line {rows.line_num}")


def append(file: Path, lines: Iterable[Line]) -> None:
    """Append statements and flush them to disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        if handle.tell() == 0:
            writer.writerow(HEADER)
        for line in lines:
            told = line.told
            writer.writerow((line.path, told.digit, told.speaker or "", told.by or "", line.at))
        handle.flush()
        os.fsync(handle.fileno())


def statement(path: str, digit: Truth, *, speaker: str | None, by: str, at: datetime) -> Line:
    """Somebody's word about a clip."""
    return Line(path, Told(digit, speaker, by), at.isoformat(timespec="seconds"))


def parse_digit(text: str) -> Truth:
    """Read a digit or `none`.

    Raises
    ------
    LabelError
        When it is neither.
    """
    if text == "none":
        return "none"
    if len(text) == 1 and text.isascii() and text.isdigit():
        return int(text)
    raise LabelError(f"{text!r} is no digit: give 0 to 9, or none")


def _line(row: dict[str, str | None], where: str) -> Line:
    path = (row["path"] or "").strip()
    if not path:
        raise LabelError(f"{where}: the path is empty")
    try:
        digit = parse_digit((row["digit"] or "").strip())
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from error
    return Line(
        path,
        Told(digit, row.get("speaker") or None, row.get("by") or "labels.csv"),
        row.get("at") or "",
    )
