"""Under the ACL user of the handbook everything works, and nothing else is allowed."""

from __future__ import annotations

import base64
import json
import pickle
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from earmark.clips import Revision, State
from earmark.errors import StoreRefused
from earmark.messaging.messages import LABEL, LIVE, Batch
from earmark.messaging.sender import Sender
from earmark.services.embedded_redis import command as server_command
from earmark.settings import Settings
from earmark.store import Store, keys
from earmark.store.connection import Connection
from tests.household import Household, Running, furnished, pending, wait_until, wait_until_done
from tests.wavs import drop

PASSWORD = "not-to-be-told"


@dataclass(frozen=True)
class Guarded:
    """A house whose store is a server on loopback with the users of the handbook."""

    house: Household
    url: str
    admin: Connection

    @property
    def settings(self) -> Settings:
        values = self.house.settings.model_dump() | {"redis_url": self.url}
        return Settings(**values)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def documented_rule(repository: Path) -> str:
    lines = (repository / "docs/operations.md").read_text().splitlines()
    [rule] = [line.strip() for line in lines if line.strip().startswith("user earmark ")]
    return rule.replace(">PASSWORD", f">{PASSWORD}")


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[Guarded]:
    with furnished() as house:
        users = house.home / "users.acl"
        users.write_text(
            f"user default off\nuser admin on >admin ~* &* +@all\n{documented_rule(repository)}\n"
        )
        port = free_port()
        binary = server_command(house.settings)[0]
        server = subprocess.Popen(
            [
                *(binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
                *("--aclfile", str(users), "--dir", str(house.home)),
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            admin = Connection.to(f"redis://admin:admin@127.0.0.1:{port}/0")
            admin.wait_until_ready(20)
            url = f"redis://earmark:{PASSWORD}@127.0.0.1:{port}/0"
            yield Guarded(house.with_settings(redis_url=url, synthetic_voices=0), url, admin)
            admin.close()
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="module")
def services(guarded: Guarded) -> Iterator[dict[str, Running]]:
    """Worker, producer, trainer and scheduler as real processes."""
    said = {
        "worker": "ready.",
        "trainer": "ready.",
        "producer": "watches",
        "scheduler": "beat: Starting",
    }
    with ExitStack() as stack:
        running = {name: stack.enter_context(guarded.house.running(name)) for name in said}
        for name, words in said.items():
            running[name].wait_until_it_says(words)
        yield running


@pytest.fixture
def store(guarded: Guarded) -> Iterator[Store]:
    connected = Store.at(guarded.url)
    yield connected
    connected.connection.close()


def denials(guarded: Guarded) -> list[str]:
    """What the server has refused, as `reason object`, the health of its own log aside."""
    logged: Any = guarded.admin.acl_log()
    return [f"{entry['reason']} {entry['object']}" for entry in logged]


def queue_raw(guarded: Guarded, body: bytes, content_type: str) -> None:
    """Lay a message into the live queue that no Earmark would send."""
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "binary",
        "content-type": content_type,
        "headers": {"lang": "py", "task": LABEL, "id": "1", "argsrepr": "", "kwargsrepr": ""},
        "properties": {
            "correlation_id": "1",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": LIVE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": content_type,
        },
    }
    guarded.admin.lpush(f"earmark:celery:{LIVE}", json.dumps(message))


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_clip_gets_its_label_and_every_service_lives(
    guarded: Guarded, services: dict[str, Running], store: Store
) -> None:
    drop(guarded.house.inbox / "7_theo_0.wav")

    [record] = wait_until_done(store, "7_theo_0.wav")

    assert (record.state, record.label) == (State.LABELLED, 7)
    wait_until(
        lambda: len(store.heartbeats.alive(time.time())) == len(services), "all signs of life"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("doctor",),
        ("clips", "list"),
        ("clips", "relabel"),
        ("backup", "kept.tar.gz"),
        ("restore", "kept.tar.gz"),
        ("forget", "theo", "--yes", "--files"),
    ],
)
def test_the_commands_work(
    guarded: Guarded, services: dict[str, Running], store: Store, command: tuple[str, ...]
) -> None:
    drop(guarded.house.inbox / "7_theo_0.wav")
    wait_until_done(store, "7_theo_0.wav")

    done = guarded.house.run(*command)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_training_is_asked_for_and_answered(
    guarded: Guarded, services: dict[str, Running]
) -> None:
    done = guarded.house.run("train", "--wait")

    assert done.returncode == 1
    assert "at least 40 are needed" in done.stdout


def test_every_key_is_one_that_is_told_of_and_that_the_user_may_use(
    guarded: Guarded, services: dict[str, Running], store: Store
) -> None:
    drop(guarded.house.inbox / "7_theo_0.wav")
    wait_until_done(store, "7_theo_0.wav")
    redis: Any = guarded.admin
    used = {key.decode() for key in redis.scan_iter("*")}
    sorts = (keys.VECTORS, keys.artefact(""), "earmark:celery:")

    assert {key for key in used if not key.startswith(sorts)} <= set(keys.FIXED)
    assert {redis.acl_dryrun("earmark", "GET", key) for key in (*keys.FIXED, *used, *sorts)} == {
        b"OK"
    }


def test_nothing_that_the_services_did_was_refused(
    guarded: Guarded, services: dict[str, Running], store: Store
) -> None:
    assert denials(guarded) == []


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("SHUTDOWN", "NOSAVE"),
        ("CONFIG", "SET", "dir", "/tmp"),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("ACL", "SETUSER", "earmark", "+@all"),
        ("MONITOR",),
        ("MODULE", "LIST"),
        ("REPLICAOF", "127.0.0.1", "1"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("KEYS", "*"),
        ("SCRIPT", "FLUSH"),
        ("GET", "others:secret"),
        ("SET", "others:secret", "mine"),
        ("DEL", "others:secret"),
        ("EVAL", "return redis.call('GET', 'others:secret')", "0"),
        ("PUBLISH", "others", "hello"),
        ("COPY", "others:secret", "earmark:secret"),
    ],
)
def test_what_is_none_of_its_business_is_refused(
    guarded: Guarded, store: Store, command: tuple[str, ...]
) -> None:
    guarded.admin.set("others:secret", "theirs")

    with pytest.raises((StoreRefused, ResponseError), match=r"(?i)no permission|ACL failure"):
        store.connection.execute_command(*command)

    assert guarded.admin.get("others:secret") == b"theirs"


def test_a_subscription_to_all_channels_is_refused(guarded: Guarded, store: Store) -> None:
    redis: Any = store.connection
    listener = redis.pubsub()
    listener.psubscribe("*")

    with pytest.raises(NoPermissionError):
        listener.get_message(timeout=5)


def test_a_wrong_password_is_said_in_plain_words(guarded: Guarded) -> None:
    with pytest.raises(StoreRefused, match=r"\*\*\*@127\.0\.0\.1.* refuses"):
        Store.at(guarded.url.replace(PASSWORD, "guessed"))


def test_a_store_that_asks_for_a_user_is_said_in_plain_words(guarded: Guarded) -> None:
    with pytest.raises(StoreRefused, match="refuses"):
        Store.at(guarded.url.replace(f"earmark:{PASSWORD}@", ""))


@pytest.mark.parametrize("kind", ["pickle", "yaml"])
def test_a_message_that_is_no_json_is_discarded_and_the_worker_lives_on(
    guarded: Guarded, services: dict[str, Running], store: Store, kind: str
) -> None:
    trap = guarded.house.home / f"sprung-{kind}"
    bodies = {
        "pickle": (pickle.dumps(([Touch(trap)], {}, {})), "application/x-python-serialize"),
        "yaml": (f"!!python/object/apply:os.mknod ['{trap}']".encode(), "application/x-yaml"),
    }

    queue_raw(guarded, *bodies[kind])
    drop(guarded.house.inbox / f"after-{kind}.wav")

    [record] = wait_until_done(store, f"after-{kind}.wav")
    assert record.state is State.LABELLED
    assert not trap.exists()
    assert services["worker"].process.poll() is None


@pytest.mark.parametrize("form", ["../outside.wav", "{home}/outside.wav", "in/../../outside.wav"])
def test_a_message_that_leads_out_of_the_inbox_costs_that_clip_alone(
    guarded: Guarded, services: dict[str, Running], store: Store, form: str
) -> None:
    outside = drop(guarded.house.home / "outside.wav")
    path = form.format(home=guarded.house.home)
    mates = [f"mate-{len(form)}-{number}.wav" for number in range(2)]
    for mate in mates:
        drop(guarded.house.inbox / mate)
    [near, _] = wait_until_done(store, *mates)
    evil = near.but(path=path, revision=Revision.of(outside.stat()), state=State.PENDING)
    good = [each.but(revision=each.revision) for each in pending(guarded.house.inbox, *mates)]
    guarded.admin.hdel("earmark:clips", *mates)
    store.clips.note([evil, *good], time.time() + 60)

    batch = Batch(tuple((each.path, each.revision) for each in (evil, *good)))
    Sender(guarded.settings).label(batch, LIVE)

    [failed, *others] = wait_until_done(store, path, *mates)
    assert failed.state is State.FAILED
    assert failed.reason == "the path leads out of the inbox"
    assert {each.state for each in others} == {State.LABELLED}


def test_a_path_that_the_ledger_does_not_hold_is_not_opened(
    guarded: Guarded, services: dict[str, Running], store: Store
) -> None:
    outside = drop(guarded.house.home / "unknown.wav")
    revision = Revision.of(outside.stat())

    Sender(guarded.settings).label(Batch((("../unknown.wav", revision),)), LIVE)
    drop(guarded.house.inbox / "known.wav")
    wait_until_done(store, "known.wav")

    assert store.clips.records(["../unknown.wav"]) == [None]
