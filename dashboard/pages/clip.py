"""One clip: all that is known of it, its history, and what can be done with it."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui

from dashboard.context import House, person
from dashboard.pages.layout import (
    ago,
    clip_link,
    confidence_bar,
    empty,
    frame,
    heading,
    html,
    section,
    state_pill,
    table,
    tag,
)
from earmark.annotations import labels_csv
from earmark.clips import Record, State
from earmark.errors import EarmarkError
from earmark.truth import Truth


def add(house: House) -> None:
    """Register the page."""

    @ui.page("/clip/{path:path}")
    async def clip(path: str) -> None:
        known = await asyncio.to_thread(_known, house, path)
        with frame(path, "/clips"):
            heading(path)
            if known is None:
                empty("There is no such clip.", '<a href="/clips">Look among all clips.</a>')
            else:
                _show(house, *known)


def _known(house: House, path: str) -> tuple[Record, list[labels_csv.Line], list[str]] | None:
    try:
        [record] = house.store.clips.records([path])
    except (UnicodeEncodeError, EarmarkError):
        return None
    if record is None:
        return None
    said = [line for line in labels_csv.read(house.settings.labels_file) if line.path == path]
    return record, said, house.index.copies(record.digest, path) if record.digest else []


def _show(house: House, record: Record, said: list[labels_csv.Line], copies: list[str]) -> None:
    path = quote(record.path)
    with tag("div", "split"):
        with tag("div"):
            if not record.gone and record.digest:
                html(
                    f'<img src="/api/pictures/{path}" width="640" height="374" '
                    'alt="Waveform, and mel spectrogram in seconds and hertz">',
                    "picture",
                )
            html(
                f'<audio controls preload="none" src="/api/audio/{path}" '
                f'aria-label="The clip"></audio><p><a class="button" href="/api/audio/{path}'
                '?download=true">Download</a></p>'
            )
        with tag("div", "card"):
            html(_verdict(record))
            html(f"<ul>{''.join(_guess(*each) for each in record.top)}</ul>", "guesses")
            _correcting(house, record)
    section("What is known")
    table(["", "Value"], _facts(house, record, copies), "What is known of the clip")
    section("History")
    table(["When", "What"], _history(house, record, said), "What happened to the clip")


def _verdict(record: Record) -> str:
    label = "-" if record.label is None else str(record.label)
    reason = f"<p>{escape(record.reason)}</p>" if record.reason else ""
    return (
        f'<p class="hear">Heard</p><p class="huge">{label}</p>'
        f"<p>{confidence_bar(record.confidence)}</p><p>{state_pill(record.state)}</p>{reason}"
    )


def _guess(digit: int, share: float) -> str:
    return f"<li><b>{digit}</b> {confidence_bar(share)}</li>"


def _correcting(house: House, record: Record) -> None:
    async def correct(digit: Truth) -> None:
        await _act(lambda: house.correct(record.path, digit, speaker=None, by=person()))

    async def retry() -> None:
        await _act(lambda: house.retry([record.path]))

    with tag("div", "keys").props('role=group aria-label="What is spoken in it?"'):
        for digit in range(10):
            guessed = " guess" if digit == record.truth else ""
            button = tag("button", f"key{guessed}").props(f'type=button aria-label="It is {digit}"')
            with button:
                html(str(digit))
            button.on("click", lambda digit=digit: correct(digit))
    with tag("div", "acts"):
        _button("It is no digit", lambda: correct("none"))
        if record.state is State.FAILED:
            _button("Try again", retry)


def _button(words: str, act: Any) -> None:
    button = tag("button", "button").props("type=button")
    with button:
        html(words)
    button.on("click", act)


async def _act(act: Any) -> None:
    try:
        await asyncio.to_thread(act)
    except EarmarkError as error:
        ui.notify(str(error), type="negative")
        return
    ui.navigate.reload()


def _facts(house: House, record: Record, copies: list[str]) -> list[list[str]]:
    truth = "not told" if record.truth is None else f"{record.truth} (by {record.truth_by})"
    facts = {
        "Truth": escape(truth),
        "Counts as": escape(str(record.score)),
        "Speaker": escape(record.speaker or "-"),
        "Length": "-" if record.seconds is None else f"{record.seconds:.3f} s",
        "Sampling rate": "-" if record.rate is None else f"{record.rate:,} Hz",
        "Size": f"{record.revision.size_bytes:,} bytes",
        "Digest": f"<code>{record.digest or '-'}</code>",
        "Model": _model(record.model),
        "Blind": "yes: the model was not trained on it" if record.blind else "no",
        "File": "gone" if record.gone else escape(str(house.settings.inbox / record.path)),
        "Copies": "<br>".join(map(clip_link, copies)) or "none known",
    }
    return [[name, value] for name, value in facts.items()]


def _model(version: str | None) -> str:
    if version is None:
        return "-"
    return f'<a href="/models/{quote(version)}">{escape(version)}</a>'


def _history(house: House, record: Record, said: list[labels_csv.Line]) -> list[list[str]]:
    now = house.clock()
    file = ago(record.revision.mtime_ns / 1e9, now)
    rows = [[file, "the file was written"], [ago(record.noted_at, now), "seen in the inbox"]]
    if record.done_at:
        heard = "-" if record.label is None else record.label
        by = f" by {escape(record.model)}" if record.model else ""
        rows.append([ago(record.done_at, now), f"{record.state}: heard {heard}{by}"])
    for line in said:
        rows.append([escape(line.at), f"{escape(str(line.told.by))} says: {line.told.digit}"])
    return rows
