"""The doctor's findings: what is wrong, and what to do about it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from earmark.admin.doctor import Finding, alive_here, examine
from earmark.clips import Record, Revision, State
from earmark.errors import ServiceError
from earmark.services.processes import NEEDED, ServiceName
from earmark.settings import Settings
from earmark.store import Store
from tests import tiny_models
from tests.tiny_models import FIRST


@pytest.fixture
def settings(tmp_path: Path, store_url: str) -> Settings:
    (tmp_path / "inbox").mkdir()
    tiny_models.publish(tmp_path / "models", FIRST)
    return Settings(
        inbox=tmp_path / "inbox",
        data=tmp_path / "var",
        models=tmp_path / "models",
        redis_url=store_url,
    )


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(settings, time.time())}


def test_whatever_is_wrong_comes_with_what_to_do(store: Store, settings: Settings) -> None:
    bad = [finding for finding in examine(settings, time.time()) if not finding.good]

    assert {finding.what for finding in bad} == {*NEEDED, ServiceName.DASHBOARD}
    assert all(finding.remedy for finding in bad)


def test_services_that_live_are_well(store: Store, settings: Settings) -> None:
    for name in ServiceName:
        store.heartbeats.sign_of_life(f"{name}@here:1", time.time())

    assert all(finding.good for finding in examine(settings, time.time()))


def test_an_inbox_that_is_not_there_is_told(store: Store, settings: Settings) -> None:
    settings.inbox.rmdir()

    found = findings(settings)["inbox"]

    assert not found.good
    assert str(settings.inbox) in found.told
    assert found.remedy is not None
    assert "mkdir" in found.remedy


def test_the_model_that_comes_with_earmark_is_in_no_folder_of_ones_own(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    own = findings(settings)["model"]
    shipped = findings(settings.model_copy(update={"models": tmp_path / "none"}))["model"]

    assert own.told == f"{FIRST} is live in {tmp_path / 'models'}"
    assert shipped.good
    assert shipped.told.endswith(" is live and is the model that comes with Earmark")


def test_a_damaged_model_is_told(store: Store, settings: Settings) -> None:
    (settings.models / FIRST / "model.tflite").write_bytes(b"junk")

    found = findings(settings)["model"]

    assert not found.good
    assert "is not the published one" in found.told


def test_a_store_that_is_not_there_ends_the_examination(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})

    found = list(examine(away, time.time()))

    assert [finding.what for finding in found][-1] == "store"
    assert not found[-1].good


def test_a_store_that_forgets_is_told(store: Store, settings: Settings) -> None:
    store.connection.config_set("maxmemory-policy", "allkeys-lru")
    try:
        found = findings(settings)["memory"]
    finally:
        store.connection.config_set("maxmemory-policy", "noeviction")

    assert not found.good
    assert found.remedy is not None
    assert "noeviction" in found.remedy


def test_a_store_that_is_nearly_full_is_told(store: Store, settings: Settings) -> None:
    used = int(store.connection.info("memory")["used_memory"])
    store.connection.config_set("maxmemory", used + used // 20)
    try:
        found = findings(settings)["memory"]
    finally:
        store.connection.config_set("maxmemory", 0)

    assert not found.good
    assert found.remedy is not None
    assert "maxmemory" in found.remedy


def test_failed_clips_are_mentioned_and_are_no_illness(store: Store, settings: Settings) -> None:
    record = Record(path="a.wav", revision=Revision(1, 1), state=State.FAILED, reason="empty")
    store.clips.note([record], time.time())

    found = findings(settings)["clips"]

    assert found.good
    assert found.told == "1 failed"
    assert found.remedy is not None


def test_a_service_of_another_host_is_not_one_of_this(store: Store, settings: Settings) -> None:
    store.heartbeats.sign_of_life("worker@elsewhere:1", time.time())

    assert not alive_here(settings, ServiceName.WORKER, time.time())


def test_a_dashboard_that_should_run_and_does_not_is_told(store: Store, settings: Settings) -> None:
    wanted = settings.model_copy(update={"dashboard_port": free_port()})
    unwanted = settings.model_copy(update={"dashboard_port": 0})

    found = findings(wanted)["dashboard"]

    assert (found.good, found.told) == (False, "gives no sign of life")
    assert "dashboard" not in findings(unwanted)


def test_a_stranger_at_the_dashboards_port_is_told(store: Store, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        found = findings(settings.model_copy(update={"dashboard_port": port}))["dashboard"]

    assert not found.good
    assert f"another program listens on 127.0.0.1 port {port}" in found.told
    assert found.remedy is not None
    assert "set EARMARK_DASHBOARD_PORT to another" in found.remedy


def test_a_time_zone_that_is_none_is_told(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", '"America/New_York"')

    found = findings(settings)["time zone"]

    assert not found.good
    assert "TZ is '\"America/New_York\"'" in found.told
    assert found.remedy is not None


def test_processes_that_cannot_share_memory_are_told(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ServiceError("/dev/shm cannot be written (Read-only file system)")

    monkeypatch.setattr("earmark.admin.doctor.require_semaphores", fail)

    found = findings(settings)["processes"]

    assert not found.good
    assert "/dev/shm" in found.told


def test_a_data_folder_that_everybody_may_enter_is_told(store: Store, settings: Settings) -> None:
    settings.data.mkdir()
    settings.data.chmod(0o755)
    wide = findings(settings)["privacy"]
    settings.data.chmod(0o700)
    closed = findings(settings)["privacy"]

    assert (wide.good, closed.good) == (False, True)
    assert wide.remedy is not None
    assert f"chmod 700 {settings.data}" in wide.remedy


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
