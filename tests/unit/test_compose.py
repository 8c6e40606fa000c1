from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.auth import insist_on_token
from earmark.environment.variables import PREFIX
from earmark.messaging.celery_app import configuration
from earmark.messaging.messages import LIVE
from earmark.services.processes import SERVICES
from earmark.settings import Settings
from tests.install.compose import clean_checkout, prepared
from tests.install.dockerfile import parse
from tests.install.variables import Missing, expand, interpolate


@pytest.fixture(scope="module")
def compose(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The compose file with the variables that its one command writes down."""
    folder = tmp_path_factory.mktemp("compose") / "checkout"
    checkout = prepared(clean_checkout(repository, folder, os.getuid()), os.getuid())
    raw = yaml.safe_load((repository / "docker-compose.yml").read_text())
    loaded: dict[str, Any] = interpolate(raw, checkout.variables)
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
    targets = {name: service["build"]["target"] for name, service in ours.items()}

    assert targets.pop("trainer") == "trainer"
    assert targets.pop("dashboard") == "dashboard"
    assert set(targets.values()) == {"slim"}


def test_no_two_services_build_one_tag(ours: dict[str, Any]) -> None:
    tags = [service.get("image", name) for name, service in ours.items() if "build" in service]

    assert len(tags) == len(set(tags)) == len(ours)


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


def test_the_images_run_as_a_number_that_owns_no_code(repository: Path) -> None:
    stages = parse((repository / "Dockerfile").read_text())
    told = {step.name: step.told for step in stages["runtime"].steps}
    defaults = dict(step.told.split("=") for step in stages["runtime"].steps if step.name == "ARG")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", expand(told["USER"], defaults))
    for target in ("slim", "dashboard", "trainer"):
        assert stages[target].base == "runtime"
        assert "USER" not in {step.name for step in stages[target].steps}
    assert "--chown" not in (repository / "Dockerfile").read_text()


def test_the_images_are_built_for_the_user_that_compose_runs_them_as(ours: dict[str, Any]) -> None:
    for name, service in ours.items():
        told = service["build"]["args"]
        assert service["user"] == f"{told['OWNER_UID']}:{told['OWNER_GID']}", name


def test_without_its_command_nothing_starts_and_the_command_is_named(repository: Path) -> None:
    raw = yaml.safe_load((repository / "docker-compose.yml").read_text())

    with pytest.raises(Missing, match=r"run this first, once: sh docker-env\.sh"):
        interpolate(raw, {})


def test_the_engine_makes_no_folder_that_belongs_to_root(ours: dict[str, Any]) -> None:
    volumes = [volume for service in ours.values() for volume in service["volumes"]]
    binds = [volume for volume in volumes if isinstance(volume, dict)]

    assert binds
    assert {volume["bind"]["create_host_path"] for volume in binds} == {False}


def test_the_time_zone_is_the_persons(ours: dict[str, Any], repository: Path) -> None:
    raw = yaml.safe_load((repository / "docker-compose.yml").read_text())
    told = {"TZ": "Asia/Tokyo", "OWNER_UID": "1", "OWNER_GID": "1", "EARMARK_DASHBOARD_TOKEN": "x"}
    services = interpolate(raw, told)["services"]

    assert {services[name]["environment"]["TZ"] for name in ours} == {"Asia/Tokyo"}


def test_an_upload_is_held_on_disk_and_not_in_memory(ours: dict[str, Any]) -> None:
    dashboard = ours["dashboard"]

    assert mounts(dashboard)[dashboard["environment"]["TMPDIR"]] is True
    assert dashboard["environment"]["TMPDIR"] not in dashboard["tmpfs"]


def test_the_dashboard_has_a_token_that_it_accepts(ours: dict[str, Any]) -> None:
    told = ours["dashboard"]["environment"]

    token = Settings(dashboard_token=told["EARMARK_DASHBOARD_TOKEN"]).dashboard_token
    insist_on_token(told["EARMARK_DASHBOARD_HOST"], token)


def test_only_memory_and_volumes_can_be_written(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["tmpfs"] == ["/tmp"], name
        assert "privileged" not in service, name
        assert "cap_add" not in service, name
        assert not [target for target in mounts(service) if "docker.sock" in target], name
