"""The environment as settings: values from files, and what Kubernetes puts in."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

from earmark.errors import SettingsError
from earmark.settings import Settings

SERVICE = {
    "EARMARK_{}_SERVICE_HOST": "10.0.0.1",
    "EARMARK_{}_SERVICE_PORT": "8765",
    "EARMARK_{}_SERVICE_PORT_HTTP": "8765",
    "EARMARK_{}_PORT": "tcp://10.0.0.1:8765",
    "EARMARK_{}_PORT_8765_TCP": "tcp://10.0.0.1:8765",
    "EARMARK_{}_PORT_8765_TCP_PROTO": "tcp",
    "EARMARK_{}_PORT_8765_TCP_PORT": "8765",
    "EARMARK_{}_PORT_8765_TCP_ADDR": "10.0.0.1",
}
"""What a pod finds in its environment for a Service."""


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("EARMARK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("service", ["DASHBOARD", "REDIS", "WORKER", "WORKERS", "DATA", "INBOX"])
def test_what_kubernetes_sets_for_a_service_of_our_name_is_ignored(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SERVICE.items():
        monkeypatch.setenv(name.format(service), value)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settings = Settings.load()

    assert settings == Settings.model_validate({})
    assert settings.dashboard_port == 8765


def test_a_port_of_ones_own_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_DASHBOARD_SERVICE_PORT", "8765")
    monkeypatch.setenv("EARMARK_DASHBOARD_PORT", "9000")

    assert Settings.load().dashboard_port == 9000


def test_a_setting_may_stand_in_a_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "token").write_text("of-the-house\n")
    (bare / "url").write_text("redis://ann:pw@store:6379/0\r\n")
    (bare / "seed").write_text("7")
    monkeypatch.setenv("EARMARK_DASHBOARD_TOKEN_FILE", str(bare / "token"))
    monkeypatch.setenv("EARMARK_REDIS_URL_FILE", "url")
    monkeypatch.setenv("EARMARK_SEED_FILE", "seed")
    monkeypatch.setenv("EARMARK_DASHBOARD_TOKEN", "")

    settings = Settings.load()

    assert settings.dashboard_token == "of-the-house"
    assert (settings.redis_url, settings.seed) == ("redis://ann:pw@store:6379/0", 7)


def test_the_file_wins_over_the_toml(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "earmark.toml").write_text('webhook_secret = "old"\n')
    (bare / "new").write_text("new")
    monkeypatch.setenv("EARMARK_WEBHOOK_SECRET_FILE", "new")

    assert Settings.load().webhook_secret == "new"


def test_a_value_and_a_file_together_are_refused(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / "token").write_text("of-the-house")
    monkeypatch.setenv("EARMARK_DASHBOARD_TOKEN_FILE", "token")
    monkeypatch.setenv("EARMARK_DASHBOARD_TOKEN", "of-the-house")

    with pytest.raises(SettingsError, match="TOKEN and EARMARK_DASHBOARD_TOKEN_FILE are both set"):
        Settings.load()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        (b"", "which is empty"),
        (b"\n", "which is empty"),
        (b"\xff\xfe\x00", "cannot be read: 'utf-8'"),
    ],
)
def test_a_file_that_gives_nothing_is_told_with_its_name(
    bare: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, told: str
) -> None:
    if content is not None:
        (bare / "token").write_bytes(content)
    monkeypatch.setenv("EARMARK_DASHBOARD_TOKEN_FILE", "token")

    with pytest.raises(SettingsError, match=told) as caught:
        Settings.load()

    assert str(caught.value).startswith("EARMARK_DASHBOARD_TOKEN_FILE names 'token', which ")


def test_a_misspelt_file_stops_with_the_right_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_DASHBORD_TOKEN_FILE", "token")

    with pytest.raises(SettingsError, match=r"did you mean EARMARK_DASHBOARD_TOKEN_FILE\?"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHBOARD_TOKEN", "secret"),
        ("REDIS_URL", "ann:secret@store:6379"),
        ("REDIS_URL", "http://store/?password=secret"),
        ("REDIS_URL", "redis://ann:se/secret@store:6379/0"),
        ("WEBHOOK_URL", "ftp://ann:secret@host/secret?token=secret"),
    ],
)
def test_a_wrong_value_that_is_secret_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"EARMARK_{name}", value)

    with pytest.raises(SettingsError, match=f"EARMARK_{name} is ") as caught:
        Settings.load()

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["DATA", "INBOX", "MODELS"])
def test_a_tilde_is_the_home_folder(bare: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOME", str(bare))
    monkeypatch.setenv(f"EARMARK_{name}", "~/x")
    (bare / "earmark.toml").write_text("".join(f"{each} = '~/y'\n" for each in ("data", "inbox")))

    settings = Settings.load()

    assert getattr(settings, name.lower()) == bare / "x"
    assert {settings.data, settings.inbox} <= {bare / "x", bare / "y"}


def test_the_home_of_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_DATA", "~no-such-user/x")

    with pytest.raises(SettingsError, match="EARMARK_DATA is '~no-such-user/x': there is no such"):
        Settings.load()
