"""Under the ACL user of the handbook everything works, and nothing else is allowed."""

from __future__ import annotations

import base64
import json
import pickle
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection as Broker

from earmark.clips import Revision, State
from earmark.errors import NotRunning, StoreRefused
from earmark.jobs import LIVE, Batch, Sender
from earmark.server import command as server_command
from earmark.settings import Settings
from earmark.store import Store
from earmark.store.connection import Connection
from tests.household import (
    Household,
    Running,
    furnished,
    pending,
    wait_until,
    wait_until_done,
)
from tests.wavs import drop, wav

PASSWORD = "quite secret: @/?#"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def documented_rule(repository: Path) -> str:
    lines = (repository / "docs/operations.md").read_text().splitlines()
    [rule] = [line.strip() for line in lines if line.strip().startswith("user earmark ")]
    return rule.replace(">PASSWORD", f">{PASSWORD}")


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[Household]:
    """A house whose store is a server on loopback with the users of the handbook."""
    with furnished() as house:
        port = free_port()
        (house.home / "users.acl").write_text(
            "user default off\nuser admin on >admin ~* &* +@all\n"
            # A password in an ACL file ends at a blank, so its hash stands there.
            + hashed(documented_rule(repository))
        )
        binary = server_command(house.settings)[0]
        server = subprocess.Popen(
            [
                *(binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
                *("--aclfile", str(house.home / "users.acl"), "--dir", str(house.home)),
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            admin = Connection.to(f"redis://admin:admin@127.0.0.1:{port}/0")
            admin.wait_until_ready(20)
            admin.close()
            yield replace(house, environ={**house.environ, "EARMARK_REDIS_URL": url(port)})
        finally:
            server.terminate()
            server.wait(20)
