"""The webhook: every event is posted to an address of the user's, signed, and again if it fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

from dashboard.index.sqlite_index import Index
from dashboard.monitoring.refused_events import ATTEMPTS, RefusedEvents
from earmark.errors import EarmarkError
from earmark.masking import without_password
from earmark.store import Store
from earmark.store.events import Event

log = logging.getLogger(__name__)

SIGNATURE = "X-Earmark-Signature"
_TIMEOUT_SECONDS = 10.0
_BLOCK_SECONDS = 1.0
_POSITION = "webhook"
_WAITING = "webhook waiting"

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
    HTTPException
        When the answer was none.
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
    """Posts events as they come, each once in its order; what is refused is posted again later.

    Where it stands, and what waits, is kept, so that a restart loses none; an event may come twice.

    Parameters
    ----------
    now
        Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        store: Store,
        index: Index,
        url: str,
        secret: str | None,
        deliver: Post = post,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._index = index
        self._url = url
        self._secret = secret
        self._deliver = deliver
        self._now = now
        self._stop = threading.Event()
        self._woken = threading.Event()
        self.refused = RefusedEvents(
            index.note(_WAITING), lambda waiting: index.keep(_WAITING, waiting), now()
        )
        self._threads = [
            threading.Thread(target=work, daemon=True, name=f"webhook {name}")
            for name, work in (("new", self._post_new), ("again", self._post_again))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._woken.set()
        for thread in self._threads:
            thread.join(2)

    def send(self, event: Event, attempts: int = 0) -> None:
        """Post an event once; if it is refused, it waits for its next attempt or is given up.

        Parameters
        ----------
        attempts
            How often it was posted before.
        """
        body = json.dumps({"id": event.id, "kind": event.kind, **event.fields}).encode()
        try:
            self._deliver(self._url, body, self._headers(event, body))
        except (OSError, HTTPException) as error:
            told = without_password(str(error))
            log.warning("the webhook did not take event %s: %s", event.id, told)
            if not self.refused.refuse(event.id, attempts + 1, self._now()):
                log.error("event %s is given up after %d attempts", event.id, ATTEMPTS)
            self._woken.set()
        else:
            self.refused.drop(event.id)

    def send_due(self) -> None:
        """Post again what is due; what the store no longer has is given up.

        Raises
        ------
        StoreUnreachable
            When the store does not answer; all that is left waits on.
        """
        for each in self.refused.due(self._now()):
            if self._stop.is_set():
                return
            event = self._store.events.event(each.id)
            if event is None:
                log.error("event %s is given up, for the store no longer has it", each.id)
                self.refused.drop(each.id)
            else:
                self.send(event, each.attempts)

    def _headers(self, event: Event, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "X-Earmark-Event": event.id}
        return headers | ({SIGNATURE: signature(self._secret, body)} if self._secret else {})

    def _post_new(self) -> None:
        position = self._index.note(_POSITION)
        while not self._stop.is_set():
            try:
                position = position or self._store.events.newest_event()
                for event in self._store.events.events(position, _BLOCK_SECONDS):
                    while self.refused.full and not self._stop.wait(_BLOCK_SECONDS):
                        continue
                    if self._stop.is_set():
                        return
                    self.send(event)
                    position = event.id
                    self._index.keep(_POSITION, position)
            except EarmarkError as error:
                log.warning("%s; trying again", error)
                self._stop.wait(_BLOCK_SECONDS)

    def _post_again(self) -> None:
        while not self._stop.is_set():
            try:
                self.send_due()
            except EarmarkError as error:
                log.warning("%s; trying again", error)
                self._stop.wait(_BLOCK_SECONDS)
            self._woken.wait(self.refused.seconds_to_next(self._now()))
            self._woken.clear()
