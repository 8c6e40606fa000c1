"""Review: unsure and wrong clips, the least confident first; one key each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.events import KeyEventArguments

from dashboard.context import House, person
from dashboard.pages.layout import confidence_bar, empty, frame, heading, html, state_pill, tag
from earmark.clips import Record
from earmark.errors import EarmarkError
from earmark.truth import Truth
from earmark.wording import counted

AHEAD = 20
_KEYS = (
    ("0-9", "it is this digit"), ("Enter", "the first guess is right"), ("Space", "play"),
    ("N", "it is no digit"), ("S", "skip"), ("U", "undo"),
)  # fmt: skip


@dataclass(slots=True)
class Desk:
    """What one reviewer has before them, has done, and passed over."""

    house: House
    clips: list[dict[str, Any]] = field(default_factory=list)
    done: list[tuple[Record, Record]] = field(default_factory=list)
    """Records before and after each correction, for undo."""
    skipped: list[str] = field(default_factory=list)
    total: int = 0

    def refill(self) -> None:
        """Have clips ready, the one that is shown now staying first."""
        if len(self.clips) < AHEAD // 2:
            known = {row["path"] for row in self.clips}
            found = self.house.index.to_review(AHEAD + len(known), skip=self.skipped)
            paths = [row["path"] for row in found if row["path"] not in known]
            records = self.house.store.clips.records(paths)  # with all three guesses
            self.clips += [record.as_json() for record in records if record is not None]
        self.total = self.house.index.count_to_review()

    def correct(self, digit: Truth) -> Record:
        """Say what the shown clip is, and turn to the next."""
        path = self.clips[0]["path"]
        [before] = self.house.store.clips.records([path])
        after = self.house.correct(path, digit, speaker=None, by=person())
        self.house.pulse.replace(after.as_json())
        self.clips.pop(0)
        if before is not None:
            self.done.append((before, after))
        self.refill()
        return after

    def skip(self) -> None:
        self.skipped.append(self.clips.pop(0)["path"])
        self.refill()

    def undo(self) -> Record | None:
        """Take back the last correction and show its clip again; None when there is none."""
        if not self.done:
            return None
        before, after = self.done.pop()
        record = self.house.take_back(before, after)
        self.house.pulse.replace(record.as_json())
        self.clips.insert(0, record.as_json())
        self.total = self.house.index.count_to_review()
        return record


def add(house: House) -> None:
    """Register the page."""

    @ui.page("/review")
    async def review() -> None:
        desk = Desk(house)
        await asyncio.to_thread(desk.refill)
        with frame("Review", "/review"):
            heading("Review")
            Reviewing(desk)


class Reviewing:
    """The page of one reviewer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._busy = False
        ui.keyboard(on_key=self._key, repeating=False)
        self._stage = tag("div", "review")
        html('<audio id="player" preload="auto"></audio>')
        self._told = html("").props("role=status").classes("dim")
        ui.add_body_html('<script src="/static/review.js"></script>')
        self._draw()

    def _draw(self) -> None:
        self._stage.clear()
        with self._stage:
            if not self._desk.clips:
                _nothing_left(len(self._desk.done))
                return
            row = self._desk.clips[0]
            _show(row, self._desk.total, len(self._desk.done))
            self._buttons(row)
        following = [each["path"] for each in self._desk.clips[1:3]]
        _ = ui.run_javascript(f"earmarkShow({_js(row['path'])}, [{','.join(map(_js, following))}])")

    def _buttons(self, row: dict[str, Any]) -> None:
        with tag("div", "keys").props('role=group aria-label="What is spoken in it?"'):
            for digit in range(10):
                guessed = " guess" if digit == row["label"] else ""
                button = tag("button", f"key{guessed}").props(
                    f'type=button aria-label="It is {digit}"'
                )
                with button:
                    html(str(digit))
                button.on("click", lambda digit=digit: self._correct(digit))
        with tag("div", "acts"):
            for words, act in (
                ("Right (Enter)", self._confirm), ("Play (Space)", self._play),
                ("No digit (N)", lambda: self._correct("none")), ("Skip (S)", self._skip),
                ("Undo (U)", self._undo),
            ):  # fmt: skip
                button = tag("button", "button").props("type=button")
                with button:
                    html(words)
                button.on("click", act)

    async def _key(self, event: KeyEventArguments) -> None:
        held = event.modifiers
        if not event.action.keydown or event.action.repeat or held.ctrl or held.alt or held.meta:
            return
        name = event.key.name.lower()
        if event.key.number is not None:
            await self._correct(event.key.number)
        elif name == "n":
            await self._correct("none")
        elif name in _ACTS:
            await getattr(self, _ACTS[name])()

    async def _correct(self, digit: Truth) -> None:
        if self._desk.clips:
            await self._do(lambda: self._desk.correct(digit), "{path} is {truth}")

    async def _confirm(self) -> None:
        if self._desk.clips and self._desk.clips[0]["label"] is not None:
            await self._correct(self._desk.clips[0]["label"])

    async def _undo(self) -> None:
        await self._do(self._desk.undo, "taken back: {path}")

    async def _skip(self) -> None:
        if self._desk.clips:
            await self._do(self._desk.skip, "skipped")

    async def _play(self) -> None:
        _ = ui.run_javascript("earmarkPlay()")

    async def _do(self, act: Any, words: str) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            record = await asyncio.to_thread(act)
            told = words.format(path=record.path, truth=record.truth) if record else words
            self._told.content = escape(told if "{" not in told else "there is nothing to undo")
        except EarmarkError as error:
            self._told.content = escape(str(error))
        finally:
            self._busy = False
        with self._stage:
            self._draw()


_ACTS = {"enter": "_confirm", " ": "_play", "u": "_undo", "s": "_skip"}


def _show(row: dict[str, Any], total: int, done: int) -> None:
    path = row["path"]
    more = "+" if total >= 10_000 else ""
    html(f'<b>{total:,}{more}</b> to review · <b id="done">{done}</b> done here', "dim")
    with tag("div", "split"):
        html(
            f'<img src="/api/pictures/{quote(path)}" width="640" height="374" '
            'alt="Waveform, and mel spectrogram in seconds and hertz">',
            "picture",
        )
        with tag("div", "card"):
            html(
                f'<p class="hear">Heard</p><p class="huge">{_digit(row["label"])}</p>'
                f"<p>{confidence_bar(row['confidence'])}</p>"
                f"<p>{state_pill(row['state'])} {_named(row)}</p>{_reason(row)}"
            )
            html(f"<ul>{_guesses(row)}</ul>", "guesses")
            html(f'<p class="path"><a href="/clip/{quote(path)}">{escape(path)}</a></p>')
            html(
                '<p class="legend">'
                + " ".join(f"<span><kbd>{key}</kbd> {words}</span>" for key, words in _KEYS)
                + '</p><p><label><input type="checkbox" id="autoplay" checked> play each clip '
                "as it comes</label></p>"
            )


def _guesses(row: dict[str, Any]) -> str:
    """The three best guesses, as far as they are known."""
    top = row.get("top") or (
        [(row["label"], row["confidence"])] if row["label"] is not None else []
    )
    return "".join(f"<li><b>{digit}</b> {confidence_bar(share)}</li>" for digit, share in top)


def _named(row: dict[str, Any]) -> str:
    if row["truth"] is None:
        return ""
    return f'<span class="pill failed">its name says {escape(str(row["truth"]))}</span>'


def _reason(row: dict[str, Any]) -> str:
    return f'<p class="dim">{escape(row["reason"])}</p>' if row["reason"] else ""


def _digit(label: int | None) -> str:
    return "-" if label is None else str(label)


def _nothing_left(done: int) -> None:
    first = (
        f"{counted(done, 'clip')} reviewed; none is left."
        if done
        else "There is nothing to review."
    )
    empty(
        first,
        "Clips come here when the model is unsure, or when their name says something else. "
        'Look at <a href="/">Live</a>, or <a href="/models">train on what was corrected</a>.',
    )


def _js(path: str) -> str:
    from nicegui import json

    return json.dumps(quote(path))
