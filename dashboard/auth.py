"""Who may come in, from where, and with how much.

On loopback everything is open to this machine's users. Any other address needs a token. A page of
another site can do nothing with a visitor's rights: requests that change something, and web
sockets, must come from our own pages; cookies are SameSite=Strict; and a name that is not ours in
`Host` (DNS rebinding) is refused while no token guards the door.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from earmark.errors import SettingsError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

COOKIE = "earmark"
LOGIN = "/login"
PUBLIC = frozenset({"/healthz", "/readyz", LOGIN})
UPLOADS = "/api/clips"
UPLOAD_BYTES = 1024**3
"""Largest body that brings clips; a zip of them, above all."""
BODY_BYTES = 1024**2
"""Largest other body."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# NiceGUI's pages compile their templates in the browser, hence the two `unsafe`.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def insist_on_token(host: str, token: str | None) -> None:
    """Refuse to open the door to others without a lock.

    Raises
    ------
    SettingsError
        When others can reach the address and there is no token.
    """
    if not is_loopback(host) and not token:
        raise SettingsError(
            f"EARMARK_DASHBOARD_HOST is {host!r}, which others can reach: set "
            "EARMARK_DASHBOARD_TOKEN too, for instance to the output of `openssl rand -hex 16`"
        )


def session_of(token: str) -> str:
    """What the cookie holds in place of the token."""
    return hmac.new(token.encode(), b"earmark dashboard session", hashlib.sha256).hexdigest()


class TooLarge(Exception):
    """A body is larger than it may be."""


class Access:
    """The door, as ASGI middleware.

    Parameters
    ----------
    token
        None leaves the door open, which `insist_on_token` allows on loopback alone.
    """

    def __init__(self, app: Any, token: str | None) -> None:
        self._app = app
        self._token = token or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(scope, send, *refusal)
            return
        await self._pass_on(scope, headers, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        by_header = self._has_bearer(headers)
        if self._token is None and not is_loopback(_host_of(headers.get("host", ""))):
            return 403, "this name is not ours; come in through localhost"
        if scope["path"] not in PUBLIC and not self._may_enter(headers):
            return 401, "a token is needed: Authorization: Bearer <EARMARK_DASHBOARD_TOKEN>"
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if changes and not by_header and not _from_our_pages(headers):
            return 403, "this request comes from another site"
        if _declared(headers) > _most(scope):
            return 413, "the body is too large"
        return None

    def _may_enter(self, headers: dict[str, str]) -> bool:
        if self._token is None or self._has_bearer(headers):
            return True
        return hmac.compare_digest(_cookie(headers).encode(), session_of(self._token).encode())

    def _has_bearer(self, headers: dict[str, str]) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        return (
            self._token is not None
            and kind.lower() == "bearer"
            and hmac.compare_digest(given.strip().encode(), self._token.encode())
        )

    async def _pass_on(
        self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        started = False
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b"")) if message["type"] == "http.request" else 0
            if taken > _most(scope):
                raise TooLarge
            return message

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in HEADERS.items()
                        if name.encode() not in present
                    ),
                ]
            await send(message)

        try:
            await self._app(scope, counted, guarded)
        except TooLarge:
            if not started:
                await _refuse(scope, send, 413, "the body is too large")


def _most(scope: Scope) -> int:
    return UPLOAD_BYTES if scope["path"].rstrip("/") == UPLOADS else BODY_BYTES


def _declared(headers: dict[str, str]) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


def _host_of(netloc: str) -> str:
    return urlsplit(f"//{netloc}").hostname or ""


def _from_our_pages(headers: dict[str, str]) -> bool:
    """Whether a request comes from our own pages, or from no page at all."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        # Browsers name the origin of whatever changes something; programmes have no cookies.
        return "cookie" not in headers or "sec-fetch-site" in headers
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _cookie(headers: dict[str, str]) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    if status == 401 and b"text/html" in accepted and scope["method"] == "GET":
        headers += [(b"location", LOGIN.encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    body = b'{"detail":"' + reason.encode() + b'"}'
    headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
