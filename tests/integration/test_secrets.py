"""A password in the store's address opens the store, and is shown nowhere."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from dashboard.pages.health import last_errors, settings_rows
from earmark.clips import State
from earmark.errors import StoreError
from earmark.messaging.sender import Sender
from earmark.services.embedded_redis import command as server_command
from earmark.settings import Settings
from earmark.store import Store
from earmark.store.connection import Connection
from tests.household import Household, furnished, wait_until_done
from tests.integration.test_access import free_port
from tests.wavs import drop

SECRET = "not-to-be@told/"
IN_URL = "not-to-be%40told%2F"


@contextmanager
def locked_server(house: Household) -> Iterator[int]:
    """A server on loopback that asks for the password."""
    port = free_port()
    binary = server_command(house.settings)[0]
    words = [binary, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", SECRET]
    server = subprocess.Popen([*words, "--dir", str(house.home)], stdout=subprocess.DEVNULL)
    try:
        admin = Connection.to(f"redis://:{IN_URL}@127.0.0.1:{port}/0")
        admin.wait_until_ready(20)
        admin.close()
        yield port
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.parametrize(
    "form", ["redis://:{}@127.0.0.1:{}/0", "redis://127.0.0.1:{1}/0?password={0}"]
)
def test_a_clip_gets_its_label_and_the_password_is_shown_nowhere(form: str) -> None:
    with furnished() as bare, ExitStack() as stack:
        url = form.format(IN_URL, stack.enter_context(locked_server(bare)))
        house = bare.with_settings(redis_url=url)
        services = [stack.enter_context(house.running(each)) for each in ("producer", "worker")]
        services[1].wait_until_it_says("ready.")
        drop(house.inbox / "memo.wav")
        store = Store.at(url)
        [record] = wait_until_done(store, "memo.wav", seconds=30)
        shown = [house.run(each, "--json") for each in ("status", "doctor")]
        store.connection.close()
        told = [each.output for each in services] + [each.stdout + each.stderr for each in shown]

    assert record.state is State.LABELLED
    assert json.loads(shown[0].stdout)["states"]["labelled"] == 1
    assert [text for text in told if SECRET in text or IN_URL in text] == []


@pytest.mark.parametrize(
    "form", ["redis://:{}@127.0.0.1:{}/0", "redis://127.0.0.1:{1}/0?password={0}"]
)
def test_a_wrong_password_is_told_without_it(form: str) -> None:
    with furnished() as house, locked_server(house) as port:
        settings = Settings(redis_url=form.format("guessed", port))
        asked: list[Any] = [lambda: Store.at(settings.store_url), Sender(settings).depths]
        for ask in asked:
            with pytest.raises(StoreError) as caught:
                ask()
            assert f"127.0.0.1:{port}" in str(caught.value)
            assert "guessed" not in str(caught.value)


def test_the_page_health_shows_no_secret() -> None:
    settings = Settings(
        redis_url="redis://store/0?password=s3cret",
        webhook_url="https://ann:s3cret@hooks.example/s3cret?token=s3cret",
        webhook_secret="s3cret",
        dashboard_token="s3cret-token",
    )

    rows = ["".join(row) for row in settings_rows(settings)]

    assert [row for row in rows if "s3cret" in row] == []
    assert any("redis://store/0?password=***" in row for row in rows)
    assert any("https://hooks.example/***" in row for row in rows)


def test_old_logs_are_shown_without_secrets() -> None:
    with furnished(model=False) as house:
        logs = house.settings.logs
        os.makedirs(logs)
        (logs / "worker.log").write_text("ERROR redis://store/0?password=s3cret is away\n")

        assert last_errors(logs) == ["worker: ERROR redis://store/0?password=*** is away"]


def test_a_secret_from_a_file_reaches_every_service() -> None:
    with furnished() as bare, locked_server(bare) as port:
        (bare.home / "url").write_text(f"redis://:{IN_URL}@127.0.0.1:{port}/0\n")
        house = bare.with_settings(redis_url_file=bare.home / "url")
        with house.running("worker") as worker:
            worker.wait_until_it_says("ready.")
            seen = house.run("status", "--json")

    assert json.loads(seen.stdout)["services"]["worker"] == 1
