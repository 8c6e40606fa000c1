"""The data folder holds what voices said: nobody but its owner may look into it."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earmark.errors import AlreadyRunning

_OURS = re.compile(
    r"store|run|logs|views|synthetic|up\.lock|labels\.csv|forgotten\.csv|dashboard\.sqlite.*"
    r"|schedule(\.\w+)?|upload-.*|tmp.*|\..*\.part|lost\+found"
)
"""What stands in a data folder; `schedule` alone is of older versions."""
_OTHERS = 0o077


def owner_only(path: str, flags: int) -> int:
    """An opener for `open`: the file that it makes is its owner's alone."""
    return os.open(path, flags, 0o600)


def keep_private(folder: Path) -> Path:
    """Make a folder that only its owner may enter, or close one that is there.

    One that holds anything but the data folder's own is left as it is: others may need the rest.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    elif is_open_to(folder, _OTHERS) and _is_ours_alone(folder):
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~_OTHERS)
    return folder


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder for this process; it is made if it is missing.

    Raises
    ------
    AlreadyRunning
        When another Earmark holds it.
    """
    keep_private(data)
    with open(data / "up.lock", "a+", opener=owner_only) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise AlreadyRunning(
                f"Earmark already runs on {data.absolute()} (process {file.read().strip()}); "
                "stop it, or set EARMARK_DATA to another folder"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_open_to(folder: Path, bits: int = 0o007) -> bool:
    """Whether a folder's mode lets others in: by default, everybody on the machine."""
    return bool(folder.stat().st_mode & bits)


def _is_ours_alone(folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & stat.S_ISVTX:
        return False
    return all(_OURS.fullmatch(name) for name in os.listdir(folder))
