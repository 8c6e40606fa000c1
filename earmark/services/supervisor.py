"""`earmark up`: all services of one machine as supervised processes, until Ctrl-C.

The store starts first and stops last. What dies is started again, after a rest that doubles each
time it dies young. The first Ctrl-C lets every service finish or give back what it has in hand;
a second one kills them, and loses nothing either, for the ledger is on disk.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from earmark.environment.data_folder import only_one
from earmark.environment.time_zone import local_zone
from earmark.errors import EarmarkError, StoreUnreachable
from earmark.services.embedded_redis import private_folder
from earmark.services.processes import (
    NEEDED,
    SERVICES,
    SUPERVISED,
    ServiceName,
    dashboard_url,
    environment,
    has_dashboard,
    identity,
)
from earmark.services.service_log import ServiceLog
from earmark.settings import Settings
from earmark.store import Store
from earmark.terminal import tell

GRACE_SECONDS = 30.0
"""How long a service may take to stop; longer than a worker's soft shutdown."""
READY_SECONDS = 60.0
FIRST_REST_SECONDS = 0.5
LONGEST_REST_SECONDS = 30.0
YOUNG_SECONDS = 10.0
"""A service that dies younger than this rests longer before its next start."""
_LOOK_SECONDS = 0.25
_LOOK_AGAIN_SECONDS = 1.0
"""For the dashboard, which may never come, and is not waited for."""
_STORE = "store"


@dataclass(slots=True)
class Supervised:
    """One service and the process that it is at the moment."""

    name: str
    command: Sequence[str]
    log: ServiceLog
    process: asyncio.subprocess.Process | None = None
    umask: int = -1
    """The mode bits that its files lack; -1: as this process's."""
    keeper: asyncio.Task[None] | None = None
    rest_seconds: float = FIRST_REST_SECONDS
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def ask_to_stop(self) -> None:
        """Let the process end in its own time; what it has started is its own business."""
        self._send(os.kill, signal.SIGTERM)

    def kill(self) -> None:
        """End the process, and all that it has started, at once."""
        self._send(os.killpg, signal.SIGKILL)

    def _send(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                send(self.process.pid, number)


def up(settings: Settings) -> None:
    """Run everything on this machine until SIGINT or SIGTERM.

    Raises
    ------
    AlreadyRunning
        When Earmark already runs on the data folder.
    SettingsError
        When the machine's time zone is none.
    """
    local_zone()  # so that a wrong one is said once, and not by every service
    with only_one(settings.data):
        settings.inbox.mkdir(parents=True, exist_ok=True)
        private_folder(settings.runtime_folder)
        _stop_orphaned_server(settings)
        umask = os.umask(0o077)  # logs are ours alone; services write to inbox and models, too
        asyncio.run(_supervise(settings, umask))


def commands(settings: Settings) -> dict[str, list[str]]:
    """What `up` runs, in the order of starting."""
    python = sys.executable
    services = {
        name.value: [python, "-m", "earmark", *arguments]
        for name, arguments in SERVICES.items()
        if name is not ServiceName.DASHBOARD or has_dashboard(settings)
    }
    store = {_STORE: [python, "-m", "earmark.services.embedded_redis"]} if settings.embedded else {}
    return store | services


async def _supervise(settings: Settings, umask: int) -> None:
    services = [
        Supervised(name, command, ServiceLog(name, settings.logs), umask=umask)
        for name, command in commands(settings).items()
    ]
    signals = _signals()
    tell(f"Earmark starts; logs are in {settings.logs}")
    for service in services:
        service.keeper = asyncio.create_task(_keep(service))
    ready = asyncio.create_task(_tell_when_ready(settings, services))
    await signals.get()
    ready.cancel()
    tell("Earmark stops; what is in hand is finished or given back (Ctrl-C again: at once)")
    hurry = asyncio.create_task(_hurry(signals, services))
    await _stop([service for service in services if service.name != _STORE])
    await _stop([service for service in services if service.name == _STORE])
    hurry.cancel()
    tell("Earmark has stopped")


async def _keep(service: Supervised) -> None:
    """Start the service, and again whenever it dies, until it is told to stop."""
    while not service.stopping.is_set():
        born = time.monotonic()
        code = await _live(service)
        if service.stopping.is_set():
            return
        lived = time.monotonic() - born
        if lived >= YOUNG_SECONDS:
            service.rest_seconds = FIRST_REST_SECONDS
        if code > 0:
            service.log.tell_reason()
        tell(f"{service.name} died ({_cause(code)}); starts again in {service.rest_seconds:g} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(service.stopping.wait(), service.rest_seconds)
        service.rest_seconds = min(service.rest_seconds * 2, LONGEST_REST_SECONDS)


async def _live(service: Supervised) -> int:
    """One life of the process; answers its exit code."""
    process = service.process = await asyncio.create_subprocess_exec(
        *service.command,
        env=environment() | {SUPERVISED: str(os.getpid())},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        umask=service.umask,
        start_new_session=True,  # the terminal's Ctrl-C is ours to pass on
    )
    if service.stopping.is_set():
        service.ask_to_stop()
    assert process.stdout is not None
    while chunk := await process.stdout.read(65536):
        service.log.write(chunk)
    return await process.wait()


async def _stop(services: Sequence[Supervised]) -> None:
    for service in services:
        service.stopping.set()
        service.ask_to_stop()
    keepers = [service.keeper for service in services if service.keeper is not None]
    if not keepers:
        return
    _, late = await asyncio.wait(keepers, timeout=GRACE_SECONDS)
    for service in services:
        if service.keeper in late:
            tell(f"{service.name} did not stop within {GRACE_SECONDS:g} s and is killed")
            service.kill()
    await asyncio.gather(*keepers)
    for service in services:
        service.log.close()


async def _hurry(signals: asyncio.Queue[int], services: Sequence[Supervised]) -> None:
    await signals.get()
    for service in services:
        if service.name != _STORE:
            service.kill()


def _signals() -> asyncio.Queue[int]:
    arrived: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, arrived.put_nowait, number)
    return arrived


async def _tell_when_ready(settings: Settings, services: Sequence[Supervised]) -> None:
    """Say where to drop files once every service that is needed has given a sign of life."""
    deadline = time.monotonic() + READY_SECONDS
    while missing := _missing(settings, services, NEEDED):
        if deadline and time.monotonic() > deadline:
            tell(f"still not there: {', '.join(missing)}; see {settings.logs}")
            deadline = 0.0
        await asyncio.sleep(_LOOK_SECONDS)
    tell(f"Earmark is ready: drop wav files into {settings.inbox.absolute()}")
    if not has_dashboard(settings):
        return
    while _missing(settings, services, [ServiceName.DASHBOARD]):
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    tell(f"The dashboard is at {dashboard_url(settings)}")


def _missing(
    settings: Settings, services: Sequence[Supervised], wanted: Iterable[ServiceName]
) -> list[str]:
    """Those of our own processes that give no sign of life; others' do not answer for them."""
    alive = _alive(settings)
    if alive is None:
        return [_STORE]
    own = {each.name: identity(each.name, each.process.pid) for each in services if each.process}
    return [name.value for name in wanted if own.get(name) not in alive]


def _alive(settings: Settings) -> Collection[str] | None:
    try:
        store = Store.at(settings.store_url)
        alive = store.heartbeats.alive(time.time())
        store.connection.close()
    except EarmarkError:
        return None
    return alive


def _stop_orphaned_server(settings: Settings) -> None:
    """End the embedded server of an `up` that was killed; its data folder is ours now."""
    if not settings.embedded:
        return
    try:
        store = Store.at(settings.store_url)
    except EarmarkError:
        return
    with suppress(StoreUnreachable):  # it closes the connection instead of an answer
        store.connection.shutdown(nosave=True)
    _wait(lambda: _alive(settings) is None, seconds=10)


def _wait(reached: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.05)


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
