"""Models: every version with its measurements; train, promote, roll back, compare."""

from __future__ import annotations

import asyncio
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import ui

from dashboard.api.models import Model, summaries
from dashboard.context import House
from dashboard.pages.layout import ago, empty, frame, heading, html, percent, section, table, tag
from dashboard.pages.model_metrics import show_measured
from earmark.errors import EarmarkError

_LOOK_SECONDS = 0.5


def add(house: House) -> None:
    """Register the pages."""

    @ui.page("/models")
    async def models() -> None:
        found = await asyncio.to_thread(summaries, house)
        with frame("Models", "/models"):
            heading("Models")
            Training(house)
            if not found:
                empty("There is no model yet.", "Bring in clips with a truth, and train.")
                return
            _compare_form(found)
            table(
                [
                    "Version",
                    "Trained",
                    "Recipe",
                    "Clips",
                    "Known voices",
                    "New voices",
                    "Verdict",
                    "",
                ],
                [_row(house, each) for each in found],
                "Published models, newest first",
            )
            _deciding(house, found)

    @ui.page("/models/compare")
    async def compare(request: Request) -> None:
        names = request.query_params.getlist("version")[:2]
        with frame("Compare models", "/models"):
            heading("Compare models")
            if len(names) < 2:
                empty("Two models are compared.", '<a href="/models">Tick two of them.</a>')
                return
            with tag("div", "split even"):
                for name in names:
                    with tag("div"):
                        _show_card(house, name)

    @ui.page("/models/{version}")
    async def model(version: str) -> None:
        with frame(f"Model {version}", "/models"):
            heading(f"Model {version}")
            _show_card(house, version)
            _promoting(house, version)


class Training:
    """The training that runs, how the last one ended, and a button for the next."""

    def __init__(self, house: House) -> None:
        self._house = house
        with tag("section", "card training").props('aria-label="Training"'):
            self._told = html("").props("role=status")
            self._bar = html("")
            with tag("div", "acts"):
                _button("Train now", lambda: self._train(False), "main")
                _button("Train even if nothing changed", lambda: self._train(True))
                _button("Roll back", self._roll_back)
        self._seen = ""
        ui.timer(_LOOK_SECONDS, self._look)

    async def _look(self) -> None:
        try:
            running, last, live = await asyncio.to_thread(self._state)
        except EarmarkError as error:
            self._told.content = escape(str(error))
            return
        if running:
            step, done, total = running.get("step"), running.get("epoch"), running.get("epochs")
            self._told.content = f"<b>Training</b>: {escape(str(step))}" + (
                f", epoch {done} of {total}" if total else ""
            )
            share = 100 * (done or 0) / total if total else 0
            self._bar.content = f'<span class="bar wide"><i style="width:{share:.0f}%"></i></span>'
        else:
            ended = (
                f"Last training: {escape(last['reason'])}" if last else "Nothing was trained yet."
            )
            self._told.content = ended
            self._bar.content = ""
        if self._seen and live != self._seen:
            ui.navigate.reload()
        self._seen = live

    def _state(self) -> tuple[Any, Any, str]:
        training = self._house.store.training
        return training.training(), training.last_training(), self._house.registry.live()

    async def _train(self, force: bool) -> None:
        await _try(lambda: self._house.train(force=force), "a training is asked for")

    async def _roll_back(self) -> None:
        await _try(self._house.rollback, "rolled back")


async def _try(act: Any, words: str) -> bool:
    try:
        await asyncio.to_thread(act)
    except EarmarkError as error:
        ui.notify(str(error), type="negative")
        return False
    ui.notify(words)
    await asyncio.sleep(0)
    return True


def _button(words: str, act: Any, classes: str = "") -> None:
    button = tag("button", f"button {classes}").props("type=button")
    with button:
        html(escape(words))
    button.on("click", act)


def _row(house: House, model: Model) -> list[str]:
    live = ' <span class="pill labelled">live</span>' if model.live else ""
    when = datetime.fromisoformat(model.created_at).timestamp() if model.created_at else None
    link = f'<a href="/models/{quote(model.version)}">{escape(model.version)}</a>'
    return [
        link + live,
        ago(when, house.clock()),
        escape(model.recipe or "-"),
        f"{model.clips or 0:,}",
        f"<b>{percent(model.known_voices)}</b>",
        f"<b>{percent(model.new_voices)}</b>",
        f"<small>{escape(model.verdict or '-')}</small>",
        f'<input type="checkbox" form="compare" name="version" value="{escape(model.version)}" '
        f'aria-label="Compare {escape(model.version)}">',
    ]


def _compare_form(found: list[Model]) -> None:
    if len(found) > 1:
        html(
            '<form id="compare" action="/models/compare"><button class="button">'
            "Compare the two that are ticked</button></form>"
        )


def _deciding(house: House, found: list[Model]) -> None:
    section("Change the live model")
    others = [model.version for model in found if not model.live]
    if not others:
        html("<p>There is no other version yet.</p>", "dim")
        return
    html("<p>Workers take a promoted model up at once, without a restart.</p>", "dim")
    with tag("div", "acts"):
        for version in others[:10]:
            _button(f"Promote {version}", lambda version=version: _promote(house, version))


def _promoting(house: House, version: str) -> None:
    with tag("div", "acts"):
        _button(f"Promote {version}", lambda: _promote(house, version), "main")


async def _promote(house: House, version: str) -> None:
    if await _try(lambda: house.promote(version), f"{version} is live"):
        ui.navigate.reload()


def _show_card(house: House, version: str) -> None:
    try:
        card = house.registry.card(version)
        live = house.registry.live() == version
    except (EarmarkError, ValueError) as error:
        empty("This model cannot be shown.", escape(str(error)))
        return
    pill = ' <span class="pill labelled">live</span>' if live else ""
    html(f"<p><b>{escape(version)}</b>{pill}</p><p>{escape(card.get('verdict', ''))}</p>", "card")
    show_measured(house, version, card)
