"""Checks every part of Earmark, and says what to do about what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earmark.clips import State
from earmark.environment.data_folder import is_open_to
from earmark.environment.shared_memory import require_semaphores
from earmark.environment.time_zone import local_zone
from earmark.errors import EarmarkError, ServiceError, SettingsError
from earmark.masking import without_password
from earmark.model.registry import Registry
from earmark.services.heartbeat import service_counts
from earmark.services.processes import NEEDED, ServiceName, has_dashboard
from earmark.settings import Settings
from earmark.store import Store

_LEAST_FREE_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    what: str
    good: bool
    told: str
    remedy: str | None = None


def examine(settings: Settings, now: float) -> Iterator[Finding]:
    """Check machine, folders, model, store, services and failed clips, in this order."""
    yield _time_zone(settings)
    yield _semaphores()
    yield _inbox(settings.inbox)
    yield _model(settings)
    yield _disk(settings)
    if settings.data.is_dir():
        yield _privacy(settings.data)
    try:
        store = Store.at(settings.store_url)
    except EarmarkError as error:
        yield Finding("store", False, str(error), "earmark up")
        return
    yield Finding("store", True, f"answers at {without_password(settings.store_url)}")
    yield _memory(store)
    yield from _services(settings, store, now)
    yield _failures(store)


def alive_here(settings: Settings, service: ServiceName, now: float) -> bool:
    """Whether a service of this host gave a sign of life lately; what a health check asks."""
    here = f"{service}@{socket.gethostname()}:"
    return any(name.startswith(here) for name in Store.at(settings.store_url).heartbeats.alive(now))


def _time_zone(settings: Settings) -> Finding:
    try:
        return Finding("time zone", True, f"{local_zone()}; retrains at {settings.retrain_cron!r}")
    except SettingsError as error:
        return Finding("time zone", False, str(error), "export TZ=Europe/Berlin")


def _semaphores() -> Finding:
    try:
        require_semaphores()
    except ServiceError as error:
        return Finding("processes", False, str(error), "mount -t tmpfs tmpfs /dev/shm")
    return Finding("processes", True, "can share memory")


def _inbox(inbox: Path) -> Finding:
    if not inbox.is_dir():
        remedy = f"mkdir -p {inbox}, or set EARMARK_INBOX"
        return Finding("inbox", False, f"{inbox.absolute()} is no folder", remedy)
    if not os.access(inbox, os.R_OK | os.X_OK):
        remedy = f"chmod u+rx {inbox}"
        return Finding("inbox", False, f"{inbox.absolute()} cannot be read", remedy)
    return Finding("inbox", True, str(inbox.absolute()))


def _model(settings: Settings) -> Finding:
    registry = Registry.of(settings)
    try:
        version = registry.live()
        registry.artefact(version)
    except EarmarkError as error:
        return Finding("model", False, str(error), "earmark train, or earmark models promote")
    folder = registry.path(version).parent
    own = folder.resolve() == settings.models.resolve()
    where = f"in {folder.absolute()}" if own else "and is the model that comes with Earmark"
    return Finding("model", True, f"{version} is live {where}")


def _disk(settings: Settings) -> Finding:
    """The store writes to the data folder before it answers; without room it cannot run."""
    folder = next(
        path for path in (settings.data, *settings.data.absolute().parents) if path.is_dir()
    )
    store = settings.data / "store"
    free = shutil.disk_usage(store if store.is_dir() else folder).free
    told = f"{free / 1e6:,.0f} MB free for {settings.data.absolute()}"
    if free < _LEAST_FREE_BYTES:
        return Finding("disk", False, told, "make room: the store cannot write its log without it")
    return Finding("disk", True, told)


def _privacy(data: Path) -> Finding:
    """It holds what voices said; a folder that holds more than Earmark's own is not closed."""
    if is_open_to(data):
        told = f"{data.absolute()} is open to everybody on this machine"
        return Finding("privacy", False, told, f"chmod 700 {data}, or set EARMARK_DATA")
    return Finding("privacy", True, f"{data.absolute()} is closed to others")


def _memory(store: Store) -> Finding:
    memory = store.connection.info("memory")
    used, most = int(memory["used_memory"]), int(memory.get("maxmemory", 0))
    told = f"{used / 1e6:.0f} MB used" + (f" of {most / 1e6:.0f}" if most else "")
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        remedy = "set maxmemory-policy to noeviction: the ledger must not be evicted"
        return Finding("memory", False, f"{told}, policy {policy}", remedy)
    if most and used > 0.9 * most:
        return Finding("memory", False, told, "raise maxmemory of the store")
    return Finding("memory", True, told)


def _services(settings: Settings, store: Store, now: float) -> Iterator[Finding]:
    wanted = (*NEEDED, ServiceName.DASHBOARD) if has_dashboard(settings) else NEEDED
    for name, count in service_counts(store.heartbeats.alive(now), wanted).items():
        if count:
            yield Finding(name, True, f"{count} alive")
        elif name == ServiceName.DASHBOARD:
            yield _missing_dashboard(settings)
        else:
            yield Finding(name, False, "gives no sign of life", f"earmark up, or earmark {name}")


def _missing_dashboard(settings: Settings) -> Finding:
    name, remedy = ServiceName.DASHBOARD, "EARMARK_DASHBOARD_PORT=0 where none is wanted"
    if _is_taken(settings.dashboard_host, settings.dashboard_port):
        told = (
            f"gives no sign of life; another program listens on {settings.dashboard_host} "
            f"port {settings.dashboard_port}"
        )
        return Finding(name, False, told, f"set EARMARK_DASHBOARD_PORT to another; {remedy}")
    told = "gives no sign of life"
    return Finding(name, False, told, f"earmark up, or earmark dashboard; {remedy}")


def _is_taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _failures(store: Store) -> Finding:
    failed = store.clips.counts()[State.FAILED]
    if failed:
        remedy = "earmark clips list --state failed says why; earmark clips retry tries again"
        return Finding("clips", True, f"{failed} failed", remedy)
    return Finding("clips", True, "none failed")
