"""The web application: interface, pages and door put together."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from dashboard.access import COOKIE, LOGIN, Access, session_of
from dashboard.api import clips, events, models, state
from dashboard.house import House
from dashboard.metrics import Metrics
from dashboard.pages import furnish
from dashboard.snapshot import Snapshots
from dashboard.webhook import Webhook
from earmark import __version__
from earmark.errors import EarmarkError, StoreError

STATIC = Path(__file__).parent / "static"
_BEAT_SECONDS = 5.0
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

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        broadcast.start()
        house.follower.start()
        if webhook is not None:
            webhook.start()
        tasks = [asyncio.create_task(snapshots.run()), asyncio.create_task(_beat(beat))]
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


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        await asyncio.to_thread(beat)
        await asyncio.sleep(_BEAT_SECONDS)


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
    """Answer until SIGINT or SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        app, host, port, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=3, ws_max_size=1024 * 1024,
    )  # fmt: skip
    uvicorn.Server(config).run()
