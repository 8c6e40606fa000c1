"""The pages for people, one module each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboard.context import House
from dashboard.live.snapshot import Snapshots


def furnish(app: Any, house: House, snapshots: Snapshots, static: Path) -> None:
    """Register all pages, and let NiceGUI serve them through the application."""
    from nicegui import app as nicegui_app
    from nicegui import ui

    from dashboard.pages import api, clip, clips, health, live, map, models, review

    nicegui_app.add_static_files("/static", static, max_cache_age=300)
    live.add(house, snapshots)
    for page in (review, clips, clip, models, map, health):
        page.add(house)
    api.add(app)
    ui.run_with(
        app, title="Earmark", favicon=static / "favicon.svg", dark=None, tailwind=False,
        show_welcome_message=False, reconnect_timeout=5.0,
        binding_refresh_interval=None, message_history_length=100,
    )  # fmt: skip
