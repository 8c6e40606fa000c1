"""Who may come into the dashboard, and who may not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dashboard.auth import BODY_BYTES, UPLOADS, Access, insist_on_token, session_of
from earmark.errors import SettingsError

TOKEN = "correct horse battery"


async def inner(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def ask(
    token: str | None,
    method: str = "GET",
    path: str = "/api/status",
    *,
    body: tuple[bytes, ...] = (b"",),
    kind: str = "http",
    **headers: str,
) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer; a closed web socket counts as 403."""
    named = {"host": "localhost:8765", **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    parts = iter(body)
    left = len(body)
    sent: list[Any] = []

    async def receive() -> Any:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(parts), "more_body": left > 0}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Access(inner, token)(scope, receive, send))
    if sent[0]["type"] == "websocket.close":
        return 403, {}
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_loopback_is_open_without_a_token() -> None:
    assert ask(None)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "192.168.1.7:8765"])
def test_a_name_that_is_not_ours_is_refused_while_no_token_guards_the_door(host: str) -> None:
    assert ask(None, host=host)[0] == 403
    assert ask(TOKEN, host=host, authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.org", "::"])
def test_any_other_address_needs_a_token(host: str) -> None:
    with pytest.raises(SettingsError, match="EARMARK_DASHBOARD_TOKEN"):
        insist_on_token(host, None)
    with pytest.raises(SettingsError):
        insist_on_token(host, "")
    insist_on_token(host, TOKEN)


@pytest.mark.parametrize("path", ["/", "/api/status", "/metrics", "/clips", "/_nicegui_ws/"])
def test_without_the_token_nobody_comes_in(path: str) -> None:
    assert ask(TOKEN, path=path)[0] == 401
    assert ask(TOKEN, path=path, authorization="Bearer wrong")[0] == 401
    assert ask(TOKEN, path=path, cookie="earmark=wrong")[0] == 401
    assert ask(TOKEN, path=path, cookie=f"earmark={TOKEN}")[0] == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login"])
def test_health_and_login_are_open_to_all(path: str) -> None:
    assert ask(TOKEN, path=path)[0] == 200


def test_a_browser_without_the_token_is_led_to_the_login() -> None:
    status, headers = ask(TOKEN, path="/", accept="text/html")

    assert (status, headers["location"]) == (303, "/login")


def test_token_and_session_open_the_door() -> None:
    assert ask(TOKEN, authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(TOKEN, cookie=f"earmark={session_of(TOKEN)}")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"cookie": "earmark=x"},
    ],
)
def test_another_site_cannot_act_in_a_visitors_name(headers: dict[str, str]) -> None:
    told: dict[str, Any] = headers

    assert ask(None, "POST", **told)[0] == 403
    assert ask(None, kind="websocket", path="/_nicegui_ws/", **told)[0] == 403


def test_our_own_pages_and_programmes_can() -> None:
    assert ask(None, "POST", origin="http://localhost:8765", sec_fetch_site="same-origin")[0] == 200
    assert ask(None, "POST")[0] == 200
    assert ask(TOKEN, "POST", authorization=f"Bearer {TOKEN}", origin="http://x")[0] == 200


def test_a_body_that_is_declared_too_large_is_refused_at_once() -> None:
    size = str(BODY_BYTES + 1)

    assert ask(None, "POST", content_length=size)[0] == 413
    assert ask(None, "POST", UPLOADS, content_length=size)[0] == 200


def test_a_body_that_grows_too_large_is_refused_when_it_does() -> None:
    half = b"x" * (BODY_BYTES // 2 + 1)

    assert ask(None, "POST", body=(half,))[0] == 200
    assert ask(None, "POST", body=(half, half))[0] == 413


def test_every_answer_carries_the_security_headers() -> None:
    for status, headers in (ask(None), ask(TOKEN), ask(None, host="evil.example")):
        assert headers["x-frame-options"] == "DENY", status
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "//" not in headers["content-security-policy"]
