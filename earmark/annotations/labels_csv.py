"""`labels.csv`: what people and imported lists say is spoken in a clip.

Lines are appended, and flushed to disk, so that a wiped store is rebuilt from the folder, this
file and the models; only `earmark forget` takes any away. The newest line about a path wins over
older ones and over the clip's name.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from earmark.environment.data_folder import keep_private, owner_only
from earmark.errors import LabelError
from earmark.files import written
from earmark.truth import Told, Truth

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
    """Append statements and flush them to disk: all of them or none.

    Raises
    ------
    LabelError
        When the file cannot be written.
    """
    try:
        with _alone(file) as handle:
            size_bytes = handle.tell()
            try:
                _write(handle, lines, header=size_bytes == 0)
            except OSError:
                os.ftruncate(handle.fileno(), size_bytes)  # half a line would spoil the next one
                raise
    except OSError as error:
        raise LabelError(
            f"{file} cannot be written ({error.strerror}), so nothing was noted: "
            "mend that, and say it again"
        ) from error


def rewrite(file: Path, keep: Callable[[Line], bool]) -> int:
    """Take away the lines that are not to be kept; answers how many. Whole or not at all."""
    if not file.exists():
        return 0
    with _alone(file):
        lines = list(read(file))
        kept = [line for line in lines if keep(line)]
        if len(kept) < len(lines):
            # Where the name is a link, nobody shall find the lines in what it leads to.
            with written(file.resolve()) as beside, _made(beside) as handle:
                _write(handle, kept, header=True)
    return len(lines) - len(kept)


def content(file: Path) -> bytes:
    """The file's bytes, with no line half written; none when it is not there."""
    if not file.exists():
        return b""
    with _alone(file):
        return file.read_bytes()


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


@contextmanager
def _alone(file: Path) -> Iterator[IO[str]]:
    """The file, open at its end, while no other process of this host writes it."""
    keep_private(file.parent)
    while True:
        with open(file, "a", newline="", encoding="utf-8", opener=owner_only) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not _was_replaced(file, handle):
                yield handle
                return


def _made(file: Path) -> IO[str]:
    return open(file, "x", newline="", encoding="utf-8", opener=owner_only)


def _was_replaced(file: Path, handle: IO[str]) -> bool:
    """Whether the name is another file's since it was opened."""
    return not file.exists() or not os.path.samestat(file.stat(), os.fstat(handle.fileno()))


def _write(handle: IO[str], lines: Iterable[Line], *, header: bool) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if header:
        writer.writerow(HEADER)
    for line in lines:
        told = line.told
        # People put blanks behind a comma, so those of a name are kept from being stripped.
        path = f"./{line.path}" if line.path[:1].isspace() else line.path
        writer.writerow((path, told.digit, told.speaker or "", told.by or "", line.at))
    rest = text.getvalue().encode()
    while rest:  # not through the handle, which would try again when it is closed
        rest = rest[os.write(handle.fileno(), rest) :]
    os.fsync(handle.fileno())


def _line(row: dict[str, str | None], where: str) -> Line:
    path = (row["path"] or "").strip().removeprefix("./")
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
