"""The web application: interface, pages and door put together."""

from __future__ import annotations

import asyncio
import gc
import hmac
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from dashboard.api import clips, events, models, state
from dashboard.auth import COOKIE, LOGIN, Access, session_of
from dashboard.context import House
from dashboard.live.snapshot import Snapshots
from dashboard.monitoring import drift
from dashboard.monitoring.prometheus import Metrics
from dashboard.monitoring.webhook import Webhook
from dashboard.pages import furnish
from earmark import __version__
from earmark.errors import EarmarkError, ServiceError, StoreError

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
BEAT_SECONDS = 5.0
DRIFT_SECONDS = 30.0
_WRONG_TOKEN_SECONDS = 0.5


def build(
    house: House, *, token: str | None, beat: Callable[[], None], webhook: Webhook | None = None
) -> Access:
    """The application behind its door.

    Parameters
    ----------
    beat
        Gives a sign of life; called every five seconds.
    """
    metrics, broadcast, snapshots = Metrics(house), events.Broadcast(), Snapshots(house)
    house.follower.listen(metrics.count)
    house.follower.listen(broadcast.hear)

    def watch_drift() -> None:
        drift.watch(house)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        broadcast.start()
        house.follower.start()
        if webhook is not None:
            webhook.start()
        work = (snapshots.run(), _repeat(beat, BEAT_SECONDS), _repeat(watch_drift, DRIFT_SECONDS))
        tasks = [asyncio.create_task(each) for each in work]
        _spare_the_collector()
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(house.follower.stop)

    app = FastAPI(
        title="Earmark", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/openapi.json",
        description="Bring clips, read what was heard in them, correct it, train, decide.",
    )  # fmt: skip
    app.add_exception_handler(EarmarkError, _plainly)
    for router in (
        clips.routes(house), models.routes(house), events.routes(house, broadcast),
        state.routes(house, metrics),
    ):  # fmt: skip
        app.include_router(router)
    _add_login(app, token)
    furnish(app, house, snapshots, STATIC)
    return Access(app, token)


def _spare_the_collector() -> None:
    """Take what was loaded out of the garbage collector's rounds, and let it go them less often.

    To look through everything stops every answer for as long; it took a quarter of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 50)  # Python's own last number is 10


async def _repeat(work: Callable[[], None], seconds: float) -> None:
    while True:
        try:
            await asyncio.to_thread(work)
        except EarmarkError as error:
            log.warning("%s; trying again", error)
        await asyncio.sleep(seconds)


def _plainly(_: Request, error: Exception) -> Response:
    status = 503 if isinstance(error, StoreError) else 409
    return JSONResponse({"detail": str(error)}, status)


def _add_login(app: FastAPI, token: str | None) -> None:
    page = (STATIC / "login.html").read_text()

    @app.get(LOGIN, include_in_schema=False)
    def ask_for_token() -> HTMLResponse:
        return HTMLResponse(page.replace("{told}", ""))

    @app.post(LOGIN, include_in_schema=False)
    async def log_in(request: Request, given: Annotated[str, Form(max_length=1000)]) -> Response:
        if token is None or not hmac.compare_digest(given.encode(), token.encode()):
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
            return HTMLResponse(page.replace("{told}", "This is not the token."), 401)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, session_of(token), httponly=True, samesite="strict", secure=secure,
            max_age=30 * 24 * 3600,
        )  # fmt: skip
        return answer


def serve(app: Any, host: str, port: int) -> None:
    """Answer until SIGINT or SIGTERM.

    Raises
    ------
    ServiceError
        When the address cannot be taken.
    """
    import uvicorn

    _insist_on_address(host, port)
    log.info("the dashboard is at http://%s:%d", host, port)
    config = uvicorn.Config(
        app, host, port, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=3, ws_max_size=1024 * 1024,
    )  # fmt: skip
    uvicorn.Server(config).run()


def _insist_on_address(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port), family=_family(host)):
            return
    except OSError as error:
        raise ServiceError(
            f"the dashboard cannot listen on {host} port {port}: {_reason(error)}; "
            "set EARMARK_DASHBOARD_PORT to another"
        ) from error


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
