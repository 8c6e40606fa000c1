"""A service that cannot start says why, in one line, wherever it is started."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from earmark.services.processes import ServiceName, command
from tests.household import Household, earmark, furnished, server, wait_until

QUOTED = '"America/New_York"'
TOLD = f"TZ is {QUOTED!r}: it names no time zone"
READ_ONLY = 'mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"'


@pytest.fixture(scope="module")
def house() -> Iterator[Household]:
    with furnished() as house:
        yield house


def in_zone(house: Household, zone: str) -> Household:
    return Household(house.home, {**house.environ, "TZ": zone})


def test_a_quoted_time_zone_stops_every_command_that_runs_services(house: Household) -> None:
    wrong = in_zone(house, QUOTED)

    for name in ("up", *ServiceName):
        done = wrong.run(name)
        assert done.returncode == 2, name
        assert done.stderr.splitlines()[-1].startswith(f"earmark: {TOLD}"), done.stderr


@pytest.mark.parametrize("name", ServiceName)
def test_a_quoted_time_zone_stops_a_service_that_was_started_without_our_command(
    house: Household, name: ServiceName
) -> None:
    with server(house.settings):
        done = subprocess.run(
            command(name),
            env=in_zone(house, QUOTED).environ,
            cwd=house.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode in (1, 2)
    assert TOLD in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "amqp://" not in done.stdout + done.stderr


def test_the_doctor_tells_of_a_quoted_time_zone(house: Household) -> None:
    done = in_zone(house, QUOTED).run("doctor", "--json")

    [found] = [each for each in json.loads(done.stdout) if each["what"] == "time zone"]
    assert done.returncode == 1
    assert not found["good"]
    assert found["told"].startswith(TOLD)


def test_a_dashboard_whose_port_is_taken_is_told_on_the_terminal_and_not_announced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger, furnished() as bare:
        port = stranger.getsockname()[1]
        house = bare.with_settings(dashboard_port=port)
        with house.running("up") as process:
            process.wait_until_it_says(f"cannot listen on 127.0.0.1 port {port}", seconds=60)
            process.wait_until_it_says("dashboard died (exit code 1)")
            process.wait_until_it_says("Earmark is ready", seconds=60)
            asked = house.run("doctor", "--json")
            output = process.output

    found = {each["what"]: each for each in json.loads(asked.stdout)}
    assert "set EARMARK_DASHBOARD_PORT to another" in output
    assert "The dashboard is at" not in output
    assert asked.returncode == 1
    assert "another program listens" in found["dashboard"]["told"]
    assert [name for name, each in found.items() if not each["good"]] == ["dashboard"]


def test_a_dashboard_whose_port_gets_free_comes_and_is_announced() -> None:
    with furnished() as bare, socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with bare.with_settings(dashboard_port=port).running("up") as process:
            process.wait_until_it_says("dashboard died", seconds=60)
            stranger.close()
            process.wait_until_it_says(f"The dashboard is at http://127.0.0.1:{port}", seconds=90)


def test_a_worker_without_semaphores_names_the_cause() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or sys.platform != "linux":
        pytest.skip("only Linux mounts a /dev/shm of a process's own")
    with furnished() as house:
        apart = (unshare, "-rm", "sh", "-c", READ_ONLY, "sh")
        with house.running_command([*apart, *earmark("worker")]) as process:
            wait_until(lambda: process.process.poll() is not None, "its end", seconds=60)
            output = process.output
    if "unshare" in output or "mount" in output.partition("earmark:")[0]:
        pytest.skip(f"no namespaces here: {output}")

    assert process.process.returncode == 1
    assert "/dev/shm cannot be written (Read-only file system); mount a tmpfs there" in output
    assert "Traceback" not in output
