"""Which clip is looked at where nobody names one: of a digit, the first there is or any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from earmark.audio.decode import Limits
from earmark.audio.discovery import Discovery
from earmark.audio.reader import Failed, inside, try_record
from earmark.clips import Record, State
from earmark.errors import ClipError, EarmarkError, ServiceError, StoreError
from earmark.settings import Settings
from earmark.store import Store
from earmark.terminal import printable
from earmark.truth import Truth, told_by_name


def choose(
    folder: Path | None, digit: int | None, settings: Settings, chance: Random | None
) -> Path:
    """A clip that can be read, of a digit or of any.

    Parameters
    ----------
    folder
        Where it is looked for, by the truth in the names. None: in the store, and, where that does
        not answer or knows none, in the inbox.
    digit
        0 to 9; None takes any clip.
    chance
        Draws one of them; None: the first by its path.

    Raises
    ------
    EarmarkError
        When there is none.
    """
    found = _below(folder, digit, settings.discovery) if folder else _in_inbox(digit, settings)
    if chance is not None:
        chance.shuffle(found)
    chosen = _first_readable(found, settings.limits)
    if chosen is None:
        what = "wav file" if digit is None else f"clip of a {digit}"
        place = folder or settings.inbox
        raise EarmarkError(
            f"no {what} that can be read is in {printable(place)}: name a folder of clips that "
            "are named {digit}_{speaker}_{take}.wav"
        )
    return chosen


def _below(folder: Path, digit: int | None, discovery: Discovery) -> list[Path]:
    return [
        path
        for path in discovery.clips_below(folder)
        if digit is None or told_by_name(path.name).digit == digit
    ]


def _in_inbox(digit: int | None, settings: Settings) -> list[Path]:
    try:
        store = Store.at(settings.store_url)
        found = list(_there(store.clips.all_records(), digit, settings.inbox.resolve()))
    except (ServiceError, StoreError):
        found = []
    return sorted(found) or _below(settings.inbox.resolve(), digit, settings.discovery)


def _there(records: Iterator[Record], digit: int | None, inbox: Path) -> Iterator[Path]:
    for record in records:
        if record.gone or (digit is not None and _spoken(record) != digit):
            continue
        try:
            yield inside(inbox, record.path)
        except ClipError:
            continue


def _spoken(record: Record) -> Truth | None:
    """The truth, or what was heard where nobody told it and the model is sure."""
    if record.truth is not None:
        return record.truth
    return record.label if record.state is State.LABELLED else None


def _first_readable(paths: Sequence[Path], limits: Limits) -> Path | None:
    return next((path for path in paths if not isinstance(try_record(path, limits), Failed)), None)
