from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from earmark.messaging.celery_app import configuration
from earmark.messaging.messages import LIVE
from earmark.services.processes import SERVICES
from earmark.settings import PREFIX, Settings


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((repository / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = compose["services"]
    return loaded


@pytest.fixture(scope="module")
def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if name != "valkey"}


def mounts(service: dict[str, Any]) -> dict[str, bool]:
    """Where a service's volumes are mounted, and whether it may write there."""
    found = {}
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            _, target, *mode = volume.split(":")
            found[target] = mode != ["ro"]
        else:
            found[volume["target"]] = not volume.get("read_only", False)
    return found


def test_the_compose_file_keeps_to_the_official_schema(repository: Path) -> None:
    check = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        ],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )

    assert check.returncode == 0, check.stdout + check.stderr


def test_every_service_runs_what_up_runs(ours: dict[str, Any]) -> None:
    commands = {name: tuple(service["command"]) for name, service in ours.items()}

    assert commands == {str(name): arguments for name, arguments in SERVICES.items()}


def test_only_the_trainer_carries_tensorflow(ours: dict[str, Any]) -> None:
    images = {
        name: (service["image"], service["build"]["target"]) for name, service in ours.items()
    }

    assert images.pop("trainer") == ("earmark:trainer", "trainer")
    assert images.pop("dashboard") == ("earmark:dashboard", "dashboard")
    assert set(images.values()) == {("earmark:slim", "slim")}


def test_every_target_that_compose_builds_stands_in_the_dockerfile(
    repository: Path, ours: dict[str, Any]
) -> None:
    stages = re.findall(
        r"^FROM .+ AS (\S+)$", (repository / "Dockerfile").read_text(), re.MULTILINE
    )

    assert {service["build"]["target"] for service in ours.values()} <= set(stages)


def test_the_images_install_from_locks_that_exist(repository: Path) -> None:
    named = re.findall(r"locks/\S+\.txt", (repository / "Dockerfile").read_text())

    names = ("dashboard", "trainer", "uv", "worker")
    assert set(named) == {f"locks/{name}.txt" for name in names}
    assert all((repository / lock).is_file() for lock in named)


def test_every_service_is_confined(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["user"] not in {"root", "0"}, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name


def test_every_service_is_watched_and_comes_back(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name


def test_every_service_of_ours_is_asked_for_its_own_health(ours: dict[str, Any]) -> None:
    for name, service in ours.items():
        assert service["healthcheck"]["test"] == ["CMD", "earmark", "doctor", "--service", name]


def test_every_service_has_longer_to_stop_than_a_soft_shutdown_takes(
    services: dict[str, Any],
) -> None:
    soft_shutdown_seconds = configuration(Settings(), [LIVE])["worker_soft_shutdown_timeout"]

    for name, service in services.items():
        seconds = re.fullmatch(r"(\d+)s", service["stop_grace_period"])
        assert seconds is not None, name
        assert int(seconds[1]) > soft_shutdown_seconds, name


def test_the_store_keeps_every_write_and_evicts_nothing(services: dict[str, Any]) -> None:
    command = " ".join(services["valkey"]["command"])

    assert "--appendonly yes" in command
    assert "--appendfsync always" in command
    assert "--maxmemory-policy noeviction" in command
    assert mounts(services["valkey"]) == {"/data": True}


def test_nothing_but_the_dashboard_is_reachable_from_outside_and_that_from_this_machine_alone(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    others = {name: service for name, service in services.items() if name != "dashboard"}
    assert services["dashboard"]["ports"] == ["127.0.0.1:8765:8765"]
    assert not [name for name, service in others.items() if "ports" in service]
    assert {tuple(service["networks"]) for service in others.values()} == {("internal",)}
    assert compose["networks"]["internal"] == {"internal": True}


def test_no_fixed_name_keeps_a_service_from_being_scaled(services: dict[str, Any]) -> None:
    assert not [name for name, service in services.items() if "container_name" in service]


def test_workers_and_trainer_cannot_write_to_the_inbox(ours: dict[str, Any]) -> None:
    assert mounts(ours["worker"])["/inbox"] is False
    assert mounts(ours["trainer"])["/inbox"] is False


def test_only_trainer_and_dashboard_write_models(ours: dict[str, Any]) -> None:
    writers = [name for name, service in ours.items() if mounts(service)["/models"]]

    assert sorted(writers) == ["dashboard", "trainer"]


def test_every_setting_that_compose_names_is_one(repository: Path) -> None:
    named = re.findall(rf"\b{PREFIX}([A-Z_]+)\b", (repository / "docker-compose.yml").read_text())

    assert named
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_the_images_run_as_a_user_of_their_own_who_owns_no_code(repository: Path) -> None:
    dockerfile = (repository / "Dockerfile").read_text()
    runtime = dockerfile.partition("AS runtime")[2]

    assert re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE) == ["earmark"]
    assert "USER earmark" in runtime.partition("FROM ")[0]
    assert "--chown" not in dockerfile
    assert re.search(r"useradd .*--no-create-home .*nologin earmark", runtime)


def test_only_memory_and_volumes_can_be_written(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["tmpfs"] == ["/tmp"], name
        assert "privileged" not in service, name
        assert "cap_add" not in service, name
        assert not [target for target in mounts(service) if "docker.sock" in target], name
