"""The webhook: signed, in order, and again until it is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashboard.index.sqlite_index import Index
from dashboard.monitoring.webhook import ATTEMPTS, SIGNATURE, Webhook
from earmark.store import Store
from earmark.store.events import Event

EVENT = Event("1-0", "clips", {"clips": [{"path": "a.wav", "label": 7}]})


class Listening:
    """An HTTP server that refuses as often as it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.refusals = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.refusals:
                    outer.refusals -= 1
                    self.send_response(503)
                else:
                    outer.taken.append((dict(self.headers), body))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


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


def test_what_is_refused_is_posted_again(listening: Listening, store: Store, index: Index) -> None:
    listening.refusals = 3

    assert Webhook(store, index, listening.url, None).send(EVENT, first_pause_seconds=0.001)
    assert len(listening.taken) == 1


def test_what_is_never_taken_is_given_up(listening: Listening, store: Store, index: Index) -> None:
    listening.refusals = 10_000

    assert Webhook(store, index, listening.url, None).send(EVENT, first_pause_seconds=0.0001)
    assert listening.refusals == 10_000 - ATTEMPTS


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

    reasons = [json.loads(body)["result"]["reason"] for _, body in listening.taken]
    assert reasons == ["0", "1", "2", "3"]


def test_user_and_password_of_the_address_go_into_a_header(
    listening: Listening, store: Store, index: Index
) -> None:
    url = listening.url.replace("//", "//ann:s%40cret@")

    assert Webhook(store, index, url, None).send(EVENT)

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
    assert Webhook(store, index, url, None).send(EVENT, first_pause_seconds=0.0001)

    assert "did not take event 1-0" in caplog.text
    assert "s3cret" not in caplog.text
