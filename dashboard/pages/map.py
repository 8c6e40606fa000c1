"""Map: the clips' vectors in two dimensions; what lies among strangers may be mislabelled."""

from __future__ import annotations

import asyncio
import threading
from html import escape
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from dashboard.context import House
from dashboard.pages.layout import (
    clip_link,
    confidence_bar,
    empty,
    frame,
    heading,
    html,
    section,
    table,
    tag,
)
from dashboard.projection import CLIPS, LEAST_CLIPS, Projection, project

_COLOURS = ("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1",
            "#ff9da7", "#9c755f", "#8a94a3")  # fmt: skip
_OUTCOMES = {"right": "#2f9e8f", "wrong": "#d0413e", "no truth": "#8a94a3"}
_INK = "#7b8494"
_SECONDS = 600


def add(house: House) -> None:
    """Register the page."""

    drawing = threading.Lock()

    def made() -> Projection:
        with drawing:  # whoever comes meanwhile waits for the same map
            found: Projection = house.remembered("map", _SECONDS, lambda: project(house))
            return found

    @ui.page("/map")
    async def clip_map(request: Request) -> None:
        by = "outcome" if request.query_params.get("by") == "outcome" else "digit"
        with frame("Map", "/map"):
            heading(
                "Map",
                f"The latest {CLIPS:,} clips; those whose features are alike lie close together.",
            )
            place = tag("div")
            with place:
                html("<p>The map is being drawn; that takes some seconds.</p>", "dim").props(
                    "role=status"
                )

        async def draw() -> None:
            found = await asyncio.to_thread(made)
            place.clear()
            with place:
                _show(found, by)

        ui.timer(0, draw, once=True)  # runs when the page stands in the browser


def _show(made: Projection, by: str) -> None:
    if not made.points:
        empty(
            f"There are not yet {LEAST_CLIPS} clips to map.",
            'Bring some in on <a href="/">Live</a>.',
        )
        return
    html(
        f'<p>Coloured by {by}. <a href="/map?by={"digit" if by == "outcome" else "outcome"}">'
        f"Colour by {'digit' if by == 'outcome' else 'right or wrong'}</a> · "
        f"{len(made.points):,} clips. Click a point to hear it.</p>"
    )
    html('<audio id="player"></audio><p role="status" id="heard" class="dim"></p>')
    told = html("").props("role=status")

    def hear(event: EChartPointClickEventArguments) -> None:
        path = event.name
        _ = ui.run_javascript(
            f'const player = document.getElementById("player"); '
            f'player.src = "/api/audio/{quote(path)}"; player.play()'
        )
        told.content = f"playing {clip_link(path)}"

    ui.echart(_chart(made, by), on_point_click=hear).classes("chart map")
    section("Suspected mislabels")
    if not made.suspects:
        html(
            "<p>Every clip with a truth lies among others of its digit, as far as can be told.</p>",
            "dim",
        )
        return
    html("<p>Their truth is another than that of most of their ten nearest neighbours.</p>", "dim")
    table(
        ["Clip", "Truth", "Neighbours say", "Heard", "Confidence"],
        [_suspect(each) for each in made.suspects],
        "Clips that may be mislabelled",
    )


def _suspect(each: dict[str, Any]) -> list[str]:
    heard = "-" if each["label"] is None else str(each["label"])
    neighbours = f"{each['neighbours']} ({each['share']:.0%})"
    truth = escape(str(each["truth"]))
    return [clip_link(each["path"]), truth, neighbours, heard, confidence_bar(each["confidence"])]


def _chart(made: Projection, by: str) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for point in made.points:
        name = str(point["digit"]) if by == "digit" else point["outcome"]
        groups.setdefault(name, []).append(
            {"name": point["path"], "value": [point["x"], point["y"]]}
        )
    axis = {"show": False}
    series = [
        {"name": name, "type": "scatter", "symbolSize": 6, "data": groups[name],
         "itemStyle": {"color": _colour(name), "opacity": 0.75}}
        for name in sorted(groups)
    ]  # fmt: skip
    return {
        "legend": {"top": 0, "textStyle": {"color": _INK}}, "tooltip": {"formatter": "{b}"},
        "xAxis": axis, "yAxis": axis, "grid": {"left": 10, "right": 10, "bottom": 10, "top": 40},
        "series": series, "aria": {"enabled": True}, "animation": False,
    }  # fmt: skip


def _colour(name: str) -> str:
    return _COLOURS[int(name)] if name.isdigit() else _OUTCOMES.get(name, _INK)
