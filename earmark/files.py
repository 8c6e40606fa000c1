"""Putting a file under a new name: linked where it can be, else copied; nothing is overwritten."""

from __future__ import annotations

import errno
import filecmp
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO

from earmark.errors import ClipError, EarmarkError

_BLOCK_BYTES = 1 << 20
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Placed(StrEnum):
    """What became of a file that was to be placed."""

    LINKED = "linked"
    COPIED = "copied"
    ALREADY = "already"
    """The same content stands there already."""
    TAKEN = "taken"
    """Something else stands there, and stays."""


def place(source: Path, target: Path, *, copy: bool = False) -> Placed:
    """Let a file stand under a second name, which appears whole or not at all.

    Parameters
    ----------
    target
        Its folder is made if it is missing.
    copy
        Do not link, so that a change of one of the two does not change the other.

    Raises
    ------
    ClipError
        When the source is no regular file.
    OSError
        When the source cannot be read or the target cannot be written.
    """
    source = source.resolve(strict=True)
    status = source.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ClipError("it is no regular file")
    if os.path.lexists(target):
        return Placed.ALREADY if _is_same(source, target) else Placed.TAKEN
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not copy and _link(source, target):
            return Placed.LINKED
        with source.open("rb") as content:
            _write(content, target, (status.st_atime_ns, status.st_mtime_ns))
    except FileExistsError:
        return Placed.TAKEN
    return Placed.COPIED


def place_stream(content: IO[bytes], target: Path) -> Placed:
    """As `place`, for what is read from a seekable stream.

    Raises
    ------
    OSError
        When the target cannot be written.
    """
    if os.path.lexists(target):
        return Placed.ALREADY if _holds(target, content) else Placed.TAKEN
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(content, target)
    except FileExistsError:
        return Placed.TAKEN
    return Placed.COPIED


def insist_on_hope(error: OSError, target: Path) -> None:
    """Give up where no other file would fare better.

    Raises
    ------
    EarmarkError
        When nothing at all can be written to the target's file system.
    """
    if error.errno in _HOPELESS:
        raise EarmarkError(f"nothing can be written to {target}: {error.strerror}") from error


def insist_on_target(file: Path) -> None:
    """Refuse a name that nobody can mean for a new file.

    Raises
    ------
    EarmarkError
        When its folder is not there, or it is a folder, a link, a device or a pipe: a file that
        is written whole would take its place.
    """
    try:
        mode = file.lstat().st_mode
    except FileNotFoundError:
        if not file.parent.is_dir():
            raise EarmarkError(
                f"{file} cannot be written: there is no folder {file.parent}, make it first"
            ) from None
        return
    except OSError as error:
        raise EarmarkError(f"{file} cannot be written: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise EarmarkError(
            f"{file} is {_kind(mode)}, and would be replaced: name a new file, or a regular one"
        )


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe"}
    return kinds.get(stat.S_IFMT(mode), "a device or a socket")


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """A hidden name to write to, which replaces the file when the block ends well.

    Raises
    ------
    EarmarkError
        When it cannot be written, or is no name for a new file.
    """
    insist_on_target(file)
    hidden = _beside(file)
    try:
        yield hidden
        hidden.replace(file)
    except OSError as error:
        raise EarmarkError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        hidden.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    return target.parent / f".{secrets.token_hex(8)}.part"


def _write(content: IO[bytes], target: Path, times_ns: tuple[int, int] | None = None) -> None:
    hidden = _beside(target)
    try:
        with hidden.open("xb") as file:
            shutil.copyfileobj(content, file, _BLOCK_BYTES)
        if times_ns is not None:
            os.utime(hidden, ns=times_ns)
        _rename(hidden, target)
    finally:
        hidden.unlink(missing_ok=True)


def _rename(hidden: Path, target: Path) -> None:
    # A rename would overwrite what has come under that name meanwhile; a link never does.
    if _link(hidden, target):
        return
    if os.path.lexists(target):
        raise FileExistsError(target)
    hidden.rename(target)


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another disk, another owner, or a file system without links
        return False
    return True


def _is_same(source: Path, target: Path) -> bool:
    if not target.is_file():
        return False
    return target.samefile(source) or filecmp.cmp(source, target, shallow=False)


def _holds(target: Path, content: IO[bytes]) -> bool:
    if not target.is_file():
        return False
    with target.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if content.read(len(block)) != block:
                return False
        return not content.read(1)
