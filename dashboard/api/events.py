"""Server-sent events: every clip that is labelled, every model, every training, as it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from dashboard.context import House
from earmark.clips import Record
from earmark.store.events import Event

_WAITING = 1_000
_BEAT_SECONDS = 15.0
_REPLAYED = 10_000


class Broadcast:
    """Hands events from the follower's thread to whoever listens in the event loop."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Event]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Deliver to the loop that is running now."""
        self._loop = asyncio.get_running_loop()

    def hear(self, event: Event, records: list[Record]) -> None:
        """Called by the follower."""
        if self._loop is not None and self._queues:
            self._loop.call_soon_threadsafe(self._deliver, event)

    def join(self) -> asyncio.Queue[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue(_WAITING)
        self._queues.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Event]) -> None:
        self._queues.discard(queue)

    def _deliver(self, event: Event) -> None:
        for queue in list(self._queues):
            if queue.full():  # whoever cannot follow comes back with Last-Event-ID
                self._queues.discard(queue)
            else:
                queue.put_nowait(event)


def routes(house: House, broadcast: Broadcast) -> APIRouter:
    """The stream of events."""
    router = APIRouter(prefix="/api", tags=["events"])

    @router.get("/events", response_class=StreamingResponse)
    async def events(
        last_event_id: Annotated[str | None, Header(pattern=r"^\d{1,15}(-\d{1,15})?$")] = None,
    ) -> StreamingResponse:
        """Events as they happen (`text/event-stream`); `Last-Event-ID` gets those missed since."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = _stream(house, broadcast, last_event_id)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return router


async def _stream(house: House, broadcast: Broadcast, after: str | None) -> AsyncIterator[str]:
    queue = broadcast.join()
    try:
        yield "retry: 2000\n\n"
        sent = _place(after)
        if after is not None:
            for event in await asyncio.to_thread(house.store.events.events, after, 0):
                sent = _place(event.id)
                yield _words(event)
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), _BEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if _place(event.id) > sent:
                yield _words(event)
    finally:
        broadcast.leave(queue)


def _place(identity: str | None) -> tuple[int, int]:
    first, _, second = (identity or "0").partition("-")
    return int(first), int(second or 0)


def as_json(event: Event) -> dict[str, Any]:
    """An event as plain values."""
    return {"id": event.id, "kind": event.kind, **event.fields}


def _words(event: Event) -> str:
    return f"id: {event.id}\nevent: {event.kind}\ndata: {json.dumps(as_json(event))}\n\n"
