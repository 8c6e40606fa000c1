"""Clips: search and filter, a page at a time, through a million of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from dashboard.context import House
from dashboard.index.query import Page, Query, read_mark
from dashboard.pages.layout import (
    ago,
    clip_link,
    confidence_bar,
    empty,
    frame,
    heading,
    html,
    state_pill,
    table,
)
from earmark.clips import State

PAGE = 50
STILL_BUILDING = "The index of the clips is being built; some are missing here until it is."
_COLUMNS = ["Clip", "State", "Heard", "Confidence", "Truth", "Speaker", "Model", "When"]
_FIELDS = ("search", "state", "label", "truth", "score", "speaker", "model", "at_least",
           "at_most", "since", "until")  # fmt: skip


def add(house: House) -> None:
    """Register the page."""

    @ui.page("/clips")
    async def clips(request: Request) -> None:
        asked = dict(request.query_params)
        query = query_of(asked)
        page, building = await asyncio.to_thread(_found, house, query, asked.get("after"))
        with frame("Clips", "/clips"):
            heading("Clips")
            html(_form(asked))
            if building:
                html(f"<p>{STILL_BUILDING}</p>", "dim")
            _show(page, asked, house.clock())


def _found(house: House, query: Query, after: str | None) -> tuple[Page, bool]:
    try:
        return house.index.page(query, after=after, limit=PAGE), house.follower.building
    except ValueError:  # a mark that somebody typed
        return Page([], None), False


def query_of(asked: Mapping[str, str]) -> Query:
    """What the form asks for; what makes no sense is passed over."""
    state, truth, score = asked.get("state"), asked.get("truth"), asked.get("score")
    label = _number(asked.get("label"))
    return Query(
        search=asked.get("search") or None,
        states=(state,) if state in set(State) and state else (),
        label=None if label is None else int(label),
        truth=truth or None,
        score=score if score in ("right", "wrong") else None,
        speaker=asked.get("speaker") or None,
        model=asked.get("model") or None,
        at_least=_share(asked.get("at_least")),
        at_most=_share(asked.get("at_most")),
        since=_moment(asked.get("since")),
        until=_moment(asked.get("until")),
    )


def _show(page: Page, asked: dict[str, str], now: float) -> None:
    if not page.rows and not page.after:
        if any(asked.get(field) for field in _FIELDS):
            empty("No clip fits.", '<a href="/clips">Show all clips</a>, or ask for less.')
        else:
            empty("There are no clips yet.", 'Bring some in on <a href="/">Live</a>.')
        return
    if page.rows or not page.after:
        table(_COLUMNS, [_row(row, now) for row in page.rows], "Clips that fit, newest first")
    else:
        html(f"<p>None found {_back_to(page.after)}; look further back.</p>", "dim")
    if page.after:
        more = escape(urlencode({**asked, "after": page.after}), quote=True)
        html(f'<p><a class="button" href="/clips?{more}" rel="next">Older clips</a></p>')


def _back_to(mark: str) -> str:
    moment = datetime.fromtimestamp(read_mark(mark)[0])
    return f"back to {moment:%Y-%m-%d %H:%M:%S}"


def _row(row: dict[str, Any], now: float) -> list[str]:
    label = "-" if row["label"] is None else f"<b>{row['label']}</b>"
    gone = ' <span class="pill">gone</span>' if row["gone"] else ""
    wrong = ' <span class="pill failed">wrong</span>' if row["score"] == "wrong" else ""
    truth = "-" if row["truth"] is None else escape(str(row["truth"]))
    reason = f'<br><small class="dim">{escape(row["reason"])}</small>' if row["reason"] else ""
    return [
        clip_link(row["path"]) + gone + reason,
        state_pill(row["state"]),
        label,
        f'<span class="nowrap">{confidence_bar(row["confidence"])}</span>',
        truth + wrong,
        escape(row["speaker"] or "-"),
        f"<small>{escape(row['model'] or '-')}</small>",
        ago(row["done_at"], now),
    ]


def _form(asked: dict[str, str]) -> str:
    digits = [str(digit) for digit in range(10)]
    fields = [
        _text("search", "Name contains", asked),
        _choice("state", "State", asked, [str(state) for state in State]),
        _choice("label", "Heard", asked, digits),
        _choice("truth", "Truth", asked, [*digits, "none", "any"]),
        _choice("score", "Heard was", asked, ["right", "wrong"]),
        _text("speaker", "Speaker", asked),
        _text("model", "Model", asked),
        _text("at_least", "Confidence from", asked, 'type="number" min="0" max="1" step="0.01"'),
        _text("at_most", "to", asked, 'type="number" min="0" max="1" step="0.01"'),
        _text("since", "Since", asked, 'type="datetime-local"'),
        _text("until", "Until", asked, 'type="datetime-local"'),
    ]
    return (
        f'<form class="filters" method="get" action="/clips" role="search">{"".join(fields)}'
        '<button class="button main">Search</button> <a class="button" href="/clips">Clear</a>'
        "</form>"
    )


def _text(name: str, words: str, asked: dict[str, str], kind: str = 'type="text"') -> str:
    value = escape(asked.get(name, ""), quote=True)
    return f'<label>{words}<input name="{name}" value="{value}" {kind}></label>'


def _choice(name: str, words: str, asked: dict[str, str], values: list[str]) -> str:
    options = "".join(
        f'<option value="{value}"{" selected" if asked.get(name) == value else ""}>{value}</option>'
        for value in values
    )
    every = f'<option value="">any</option>{options}'
    return f'<label>{words}<select name="{name}">{every}</select></label>'


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _share(text: str | None) -> float | None:
    number = _number(text)
    return None if number is None or not 0 <= number <= 1 else number


def _moment(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
