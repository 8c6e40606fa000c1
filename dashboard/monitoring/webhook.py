"""The webhook: every event is posted to an address of the user's, signed, and again if it fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

from dashboard.index.sqlite_index import Index
from earmark.errors import EarmarkError
from earmark.masking import without_password
from earmark.store import Store
from earmark.store.events import Event

log = logging.getLogger(__name__)

SIGNATURE = "X-Earmark-Signature"
ATTEMPTS = 8
"""After these, with 1, 2, 4, ... 64 s between them, an event is given up and logged."""
_TIMEOUT_SECONDS = 10.0
_BLOCK_SECONDS = 1.0
_POSITION = "webhook"

Post = Callable[[str, bytes, dict[str, str]], None]


def signature(secret: str, body: bytes) -> str:
    """What the header carries: `sha256=` and the HMAC of the body in hexadecimal digits."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Post once.

    Raises
    ------
    OSError
        When it did not arrive, or was not answered with 2xx.
    """
    address, asked_for = _without_user(url)
    try:
        request = urllib.request.Request(address, body, headers | asked_for, method="POST")
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            if not 200 <= answer.status < 300:
                raise OSError(f"the answer was {answer.status}")
    except (HTTPException, ValueError) as error:  # their texts name the address, secrets and all
        raise OSError(f"the address or the answer is none: {type(error).__name__}") from None


def _without_user(url: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and the header that carries them instead."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    words = base64.b64encode(unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {words}"}


class Webhook:
    """Delivers events in their order; where it stands is kept, so that a restart loses none."""

    def __init__(
        self, store: Store, index: Index, url: str, secret: str | None, deliver: Post = post
    ) -> None:
        self._store = store
        self._index = index
        self._url = url
        self._secret = secret
        self._deliver = deliver
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="webhook")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2)

    def send(self, event: Event, first_pause_seconds: float = 1.0) -> bool:
        """Deliver one event, with growing pauses between the attempts."""
        body = json.dumps({"id": event.id, "kind": event.kind, **event.fields}).encode()
        for attempt in range(ATTEMPTS):
            try:
                self._deliver(self._url, body, self._headers(event, body))
                return True
            except (OSError, urllib.error.URLError) as error:
                told = without_password(str(error))
                log.warning("the webhook did not take event %s: %s", event.id, told)
            if self._stop.wait(first_pause_seconds * 2**attempt):
                return False
        log.error("event %s is given up after %d attempts", event.id, ATTEMPTS)
        return True

    def _headers(self, event: Event, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "X-Earmark-Event": event.id}
        return headers | ({SIGNATURE: signature(self._secret, body)} if self._secret else {})

    def _run(self) -> None:
        position = self._index.note(_POSITION)
        while not self._stop.is_set():
            try:
                position = position or self._store.events.newest_event()
                for event in self._store.events.events(position, _BLOCK_SECONDS):
                    if not self.send(event):
                        return
                    position = event.id
                    self._index.keep(_POSITION, position)
            except EarmarkError as error:
                log.warning("%s; trying again", error)
                self._stop.wait(_BLOCK_SECONDS)
