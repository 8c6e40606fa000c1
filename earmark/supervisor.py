"""`earmark up`: all services of one machine as supervised processes, until Ctrl-C.

Circus starts them in order, restarts what dies, gives what flaps a rest, and stops them in
reverse order with a grace that is longer than a worker's soft shutdown.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from circus import get_arbiter
from circus.arbiter import Arbiter

from earmark.errors import AlreadyRunning, EarmarkError
from earmark.server import private_folder
from earmark.services import SERVICES, SUPERVISED, ServiceName, environment
from earmark.settings import Settings
from earmark.store import Store

LOG_BYTES = 5_000_000
LOG_FILES = 3
GRACE_SECONDS = 30
READY_SECONDS = 60

_GIST = re.compile(r"(?:WARNING|ERROR|CRITICAL)|INFO (?:producer|worker|trainer|earmark)\b")
_TIME = re.compile(r"^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),\d{3} ")


class ServiceLog:
    """Where a service's output goes: all of it to a rotated file, its gist to the terminal."""

    def __init__(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._file = RotatingFileHandler(
            folder / f"{name}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
        self._rest = b""

    def __call__(self, data: Mapping[str, Any]) -> None:
        *lines, self._rest = (self._rest + data["data"]).split(b"\n")
        for line in lines:
            self._write(line.decode(errors="replace"))

    def close(self) -> None:
        if self._rest:
            self._write(self._rest.decode(errors="replace"))
        self._rest = b""
        self._file.close()

    def _write(self, line: str) -> None:
        self._file.emit(logging.makeLogRecord({"msg": line.replace("%", "%%"), "args": ()}))
        if _GIST.search(line):
            gist = _TIME.sub(r"\1 ", line)
            print(f"{self._name:>9}  {gist}", flush=True)


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder for this process.

    Raises
    ------
    AlreadyRunning
        When another Earmark holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.lock").open("a+") as file:
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


def up(settings: Settings) -> None:
    """Run everything on this machine until SIGINT or SIGTERM.

    Raises
    ------
    AlreadyRunning
        When Earmark already runs on the data folder.
    """
    with only_one(settings.data):
        settings.inbox.mkdir(parents=True, exist_ok=True)
        private_folder(settings.runtime_folder)
        _stop_orphaned_server(settings)
        arbiter = _arbiter(settings)
        _tell_when_ready(arbiter, settings)
        print(f"Earmark starts; logs are in {settings.logs}", flush=True)
        arbiter.start()
        print("Earmark has stopped", flush=True)


def watchers(settings: Settings) -> list[dict[str, Any]]:
    """What circus runs, in the order of starting; the embedded server first."""
    python = sys.executable
    commands: dict[str, list[str]] = {}
    if settings.embedded:
        commands["store"] = [python, "-m", "earmark.server"]
    for name, arguments in SERVICES.items():
        commands[name] = [python, "-m", "earmark", *arguments]
    return [
        _watcher(name, command, len(commands) - order, settings)
        for order, (name, command) in enumerate(commands.items())
    ]


def _watcher(name: str, command: list[str], priority: int, settings: Settings) -> dict[str, Any]:
    log = ServiceLog(name, settings.logs)
    return {
        "name": name,
        "cmd": command[0],
        "args": command[1:],
        "env": environment() | {SUPERVISED: str(os.getpid())},
        "priority": priority,
        "graceful_timeout": GRACE_SECONDS,
        "max_retry": -1,
        "stdout_stream": {"stream": log},
        "stderr_stream": {"stream": log},
        "close_child_stdin": True,
    }


def _arbiter(settings: Settings) -> Arbiter:
    folder = settings.runtime_folder
    sockets = [folder / "supervisor.sock", folder / "supervisor-events.sock"]
    for socket in sockets:
        socket.unlink(missing_ok=True)
    logging.getLogger("circus").addHandler(_supervisor_log(settings))
    os.umask(0o077)  # the control socket runs commands: it is for this user alone
    return get_arbiter(
        watchers(settings),
        controller=f"ipc://{sockets[0]}",
        pubsub_endpoint=f"ipc://{sockets[1]}",
        check_delay=0.5,
        plugins=[
            {
                "use": "circus.plugins.flapping.Flapping",
                "attempts": 3,
                "window": 10,
                "retry_in": 5,
                "max_retry": -1,
                "copy_env": True,
                "copy_path": True,
            }
        ],
    )


def _supervisor_log(settings: Settings) -> logging.Handler:
    settings.logs.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        settings.logs / "supervisor.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("circus").setLevel(logging.INFO)
    return handler


def _tell_when_ready(arbiter: Arbiter, settings: Settings) -> None:
    """Say where to drop files once every service has given a sign of life."""
    from tornado.ioloop import PeriodicCallback

    deadline = time.monotonic() + READY_SECONDS

    def look() -> None:
        missing = _missing(settings)
        if not missing:
            print(f"Earmark is ready: drop wav files into {settings.inbox.absolute()}", flush=True)
        elif time.monotonic() > deadline:
            print(f"still not there: {', '.join(missing)}; see {settings.logs}", flush=True)
        else:
            return
        callback.stop()

    callback: Any = PeriodicCallback(look, 250)
    arbiter.loop.add_callback(callback.start)


def _missing(settings: Settings) -> list[str]:
    try:
        alive = Store.at(settings.store_url).board.alive(time.time())
    except EarmarkError:
        return ["store"]
    names = {service.partition("@")[0] for service in alive}
    return [name for name in ServiceName if name not in names]


def _stop_orphaned_server(settings: Settings) -> None:
    """End the embedded server of an `up` that was killed; its data folder is ours now."""
    if not settings.embedded:
        return
    try:
        store = Store.at(settings.store_url)
    except EarmarkError:
        return
    store.connection.shutdown(nosave=True)
    _wait(lambda: _missing(settings) == ["store"], seconds=10)


def _wait(reached: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.05)
