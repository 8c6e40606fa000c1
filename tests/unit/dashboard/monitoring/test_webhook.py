"""The webhook: signed, in order, and again until it is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashboard.index.sqlite_index import Index
from dashboard.monitoring.refused_events import ATTEMPTS, MOST_WAITING
from dashboard.monitoring.webhook import SIGNATURE, Webhook
from earmark.store import Store
from earmark.store.events import Event

EVENT = Event("1-0", "clips", {"clips": [{"path": "a.wav", "label": 7}]})


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def told(store: Store, reason: str) -> Event:
    """A new event of the stream."""
    after = store.events.newest_event()
    store.training.tell_result({"reason": reason})
    [event] = store.events.events(after, 0)
    return event


class Listening:
    """An HTTP server that refuses as often as it is told to, and whom it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.refusals = 0
        self.refused_reason: str | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reason = json.loads(body).get("result", {}).get("reason", "")
                if outer.refusals or reason == outer.refused_reason:
                    outer.refusals = max(outer.refusals - 1, 0)
                    self.send_response(503)
                else:
                    outer.taken.append((dict(self.headers), body))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    @property
    def reasons(self) -> list[str]:
        return [json.loads(body)["result"]["reason"] for _, body in self.taken]


@pytest.fixture
def listening() -> Iterator[Listening]:
    found = Listening()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index.sqlite")


def test_an_event_is_posted_and_signed(listening: Listening, store: Store, index: Index) -> None:
    Webhook(store, index, listening.url, "secret").send(EVENT)

    [(headers, body)] = listening.taken
    assert json.loads(body) == {"id": "1-0", "kind": "clips", **EVENT.fields}
    expected = "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == expected


def test_a_refused_event_is_posted_again_after_growing_pauses_and_then_given_up(
    listening: Listening, store: Store, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    listening.refusals = 10_000
    clock = Clock()
    event = told(store, "a")
    webhook = Webhook(store, index, listening.url, None, now=clock)

    webhook.send(event)
    for pause in (1, 2, 4, 8, 16, 32, 64):
        clock.seconds += pause - 0.1
        webhook.send_due()
        before = listening.refusals
        clock.seconds += 0.1
        webhook.send_due()
        assert listening.refusals == before - 1

    assert listening.refusals == 10_000 - ATTEMPTS
    assert webhook.refused.seconds_to_next(clock()) is None  # no pause after the last try
    assert f"event {event.id} is given up after 8 attempts" in caplog.text


def test_one_refused_event_holds_no_other(listening: Listening, store: Store, index: Index) -> None:
    listening.refused_reason = "b"
    clock = Clock()
    webhook = Webhook(store, index, listening.url, None, now=clock)

    for event in [told(store, reason) for reason in "abcd"]:
        webhook.send(event)
    assert listening.reasons == ["a", "c", "d"]
    listening.refused_reason = None
    clock.seconds += 1
    webhook.send_due()

    assert listening.reasons == ["a", "c", "d", "b"]
    assert len(webhook.refused) == 0


def test_what_is_forgotten_meanwhile_is_not_posted_again(
    listening: Listening, store: Store, index: Index
) -> None:
    listening.refusals = 1
    clock = Clock()
    webhook = Webhook(store, index, listening.url, None, now=clock)
    webhook.send(told(store, "a"))

    store.events.forget()
    clock.seconds += 1
    webhook.send_due()

    assert listening.taken == []
    assert len(webhook.refused) == 0


def test_a_restart_posts_again_what_was_refused_before(
    listening: Listening, store: Store, index: Index
) -> None:
    listening.refusals = 1
    Webhook(store, index, listening.url, None).send(told(store, "a"))

    Webhook(store, index, listening.url, None).send_due()

    assert listening.reasons == ["a"]


def test_an_answer_that_is_no_http_is_a_refusal(store: Store, index: Index) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"no http\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        webhook = Webhook(store, index, f"http://127.0.0.1:{server.getsockname()[1]}/", None)
        webhook.send(EVENT)
        thread.join()

    assert len(webhook.refused) == 1


def test_with_too_many_waiting_newer_events_stay_in_the_store(
    listening: Listening, store: Store, index: Index
) -> None:
    index.keep("webhook", "0")
    index.keep("webhook waiting", json.dumps([[f"{n}-0", 1] for n in range(MOST_WAITING)]))
    posted = threading.Event()
    webhook = Webhook(store, index, listening.url, None, deliver=lambda *_: posted.set())
    told(store, "new")
    new, _ = webhook._threads

    new.start()
    assert not posted.wait(0.2)
    webhook.refused.drop("7-0")
    assert posted.wait(10)

    webhook._stop.set()
    new.join(5)


def test_events_are_delivered_in_their_order_and_a_restart_goes_on_where_it_was(
    listening: Listening, store: Store, index: Index
) -> None:
    index.keep("webhook", "0")
    for number in range(3):
        store.training.tell_result({"reason": str(number)})
    first = Webhook(store, index, listening.url, None)
    first.start()
    while len(listening.taken) < 3:
        threading.Event().wait(0.01)
    first.stop()
    store.training.tell_result({"reason": "3"})
    second = Webhook(store, index, listening.url, None)
    second.start()
    while len(listening.taken) < 4:
        threading.Event().wait(0.01)
    second.stop()

    assert listening.reasons == ["0", "1", "2", "3"]


def test_user_and_password_of_the_address_go_into_a_header(
    listening: Listening, store: Store, index: Index
) -> None:
    url = listening.url.replace("//", "//ann:s%40cret@")

    Webhook(store, index, url, None).send(EVENT)

    [(headers, _)] = listening.taken
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"ann:s@cret").decode()


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:s3cret@127.0.0.1:1/?token=s3cret",
        "http://127.0.0.1:1/a b?token=s3cret",
        "http://127.0.0.1:s3cret/",
        "http:///s3cret",
    ],
)
def test_no_failure_tells_the_secrets_of_the_address(
    store: Store, index: Index, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    Webhook(store, index, url, None).send(EVENT)

    assert "did not take event 1-0" in caplog.text
    assert "s3cret" not in caplog.text
