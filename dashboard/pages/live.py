"""Live: what is heard now, and whether everything is well."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import Client, ui

from dashboard.context import House
from dashboard.live.snapshot import Snapshots
from dashboard.pages.layout import frame, html


class LiveView(ui.element, component="../static/live.js"):
    """Shows snapshots; drawn in the browser, so that fifty watchers cost little."""

    def __init__(self, first: dict[str, Any]) -> None:
        super().__init__()
        self._props["first"] = first

    def show(self, shot: dict[str, Any]) -> None:
        _ = self.run_method("show", shot)


def add(house: House, snapshots: Snapshots) -> None:
    """Register the page."""

    @ui.page("/")
    async def live(client: Client) -> None:
        first = await asyncio.to_thread(snapshots.take)
        with frame("Live", "/"):
            html('<h1 class="unseen">Live</h1>')
            view = LiveView(first)

        def show(shot: dict[str, Any]) -> None:
            if client.has_socket_connection:
                view.show(shot)

        client.on_connect(lambda: snapshots.watch(show))
        client.on_disconnect(lambda: snapshots.leave(show))
        client.on_delete(lambda: snapshots.leave(show))
