"""docker-compose.yml as processes of this machine, after the one command that it asks for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from earmark.store import Store
from tests.household import Running, wait_until
from tests.install.processes import Failed, Installed, end_of, ids
from tests.install.stages import Built
from tests.install.variables import interpolate, read_env

COMPOSE, SCRIPT, ENV = "docker-compose.yml", "docker-env.sh", ".env"
STORE = "valkey"
_STORE_ADDRESS = "valkey:6379"
_LIFE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Checkout:
    """What `docker compose` sees: the interpolated services, and the folder that they are of."""

    folder: Path
    variables: Mapping[str, str]

    @property
    def services(self) -> dict[str, Any]:
        """The services with all variables put in.

        Raises
        ------
        Missing
            When one that must be set is not.
        """
        loaded = yaml.safe_load((self.folder / COMPOSE).read_text())
        services: dict[str, Any] = interpolate(loaded, self.variables)["services"]
        return services

    @property
    def inbox(self) -> Path:
        return self.folder / self.variables.get("EARMARK_INBOX", "inbox")

    def environ(self, service: Mapping[str, Any]) -> dict[str, str]:
        return {**self.variables, **service["environment"]}


def clean_checkout(repository: Path, folder: Path, user: int) -> Checkout:
    """The two files that somebody who only has an engine needs, in a folder of their own."""
    folder.mkdir()
    for name in (COMPOSE, SCRIPT):
        shutil.copy(repository / name, folder)
    if os.getuid() == 0:
        for path in (folder, folder / COMPOSE, folder / SCRIPT):
            os.chown(path, user, user)
    return Checkout(folder, {})


def prepared(checkout: Checkout, user: int) -> Checkout:
    """The same after the documented command was given, as this user, from somewhere else."""
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    subprocess.run(
        ["sh", checkout.folder / SCRIPT],
        env=environ,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        **ids(user),
    )
    return Checkout(checkout.folder, read_env((checkout.folder / ENV).read_text()))


@dataclass(frozen=True, slots=True)
class Stack:
    """The running services of a checkout."""

    checkout: Checkout
    store: Store
    members: Mapping[str, Installed]
    """What each service is installed as; commands may be given beside it."""
    running: Mapping[str, Running]
    dashboard_port: int


@contextmanager
def running(checkout: Checkout, images: Mapping[str, Built], server: Path) -> Iterator[Stack]:
    """Run services from images, with a server in the place of the store's container.

    Parameters
    ----------
    images
        The image of each service that is run.
    server
        The binary that answers for `valkey-server`.
    """
    volumes = checkout.folder / "volumes"
    ports = _free_port(), _free_port()
    address = f"127.0.0.1:{ports[0]}"
    services = checkout.services
    members = {
        name: _member(checkout, services[name], built, address, ports[1])
        for name, built in images.items()
    }
    for name, built in images.items():
        _mount(services[name], built, checkout, volumes)
    with ExitStack() as ends:
        _, *words = services[STORE]["command"]
        folder = volumes / "store"
        folder.mkdir()
        where = ("--port", str(ports[0]), "--bind", "127.0.0.1", "--dir", str(folder))
        valkey = Installed(checkout.folder, {}, os.getuid())
        ends.enter_context(valkey.running(str(server), *words, *where))
        store = Store.at(f"redis://{address}/0", wait_seconds=30)
        ends.callback(store.connection.close)
        started = {
            name: ends.enter_context(member.running("earmark", *services[name]["command"]))
            for name, member in members.items()
        }
        _wait_for_life(store, started)
        yield Stack(checkout, store, members, started, ports[1])


def _member(
    checkout: Checkout, service: Mapping[str, Any], built: Built, address: str, port: int
) -> Installed:
    assert built.entrypoint == ("earmark",)
    told = {name: built.inside(value) for name, value in checkout.environ(service).items()}
    told["EARMARK_REDIS_URL"] = told["EARMARK_REDIS_URL"].replace(_STORE_ADDRESS, address)
    told["EARMARK_DASHBOARD_PORT"] = str(port)
    user = service["user"]
    assert user == built.user, f"compose runs it as {user}, and the image is made for {built.user}"
    return Installed(built.working, built.environ | told, int(user.partition(":")[0]))


def _mount(service: Mapping[str, Any], built: Built, checkout: Checkout, volumes: Path) -> None:
    """Put a link in the place of each folder that a volume is mounted on."""
    for volume in service["volumes"]:
        if isinstance(volume, str):
            name, target, *_ = volume.split(":")
            source = volumes / name
        else:
            target, source = volume["target"], checkout.folder / volume["source"]
        place = Path(built.inside(target))
        if place.is_symlink():
            continue
        if isinstance(volume, str) and not source.exists():
            _first_mounted(source, place)
        assert source.is_dir(), f"{source} is not there, and the engine is told not to make it"
        place.rmdir()
        place.symlink_to(source)


def _first_mounted(volume: Path, folder: Path) -> None:
    """A named volume takes owner and mode from the image's folder when it is first mounted."""
    volume.mkdir(parents=True)
    shutil.copystat(folder, volume)
    status = folder.stat()
    os.chown(volume, status.st_uid, status.st_gid)


def _wait_for_life(store: Store, started: Mapping[str, Running]) -> None:
    def all_live_or_one_died() -> bool:
        names = {each.partition("@")[0] for each in store.heartbeats.alive(time.time())}
        return names >= set(started) or any(map(_died, started.values()))

    def told() -> str:
        return "\n".join(f"{name}: {end_of(each.output)}" for name, each in started.items())

    wait_until(all_live_or_one_died, told, seconds=_LIFE_SECONDS)
    for name, process in started.items():
        if _died(process):
            raise Failed(f"{name} died at its start:\n{end_of(process.output)}")


def _died(process: Running) -> bool:
    return process.process.poll() is not None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
