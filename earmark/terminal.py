"""What commands print: foreign text that cannot command a terminal, tables that fit it, JSON.

All that people read goes through `printable`; JSON stays exact. Whatever a stream cannot take, a
full disk or a letter that it has no code for, ends in one clear line, never in a traceback.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from earmark.errors import EarmarkError, SettingsError

_GAP = "  "
_ELLIPSIS = "..."
_NARROWEST = 8
_MOST_PADDING = 60
"""A cell that is longer pads no other row."""


def printable(text: object) -> str:
    """The text as one line that a terminal may show: `?` for what is no text, or commands it."""
    return "".join(each if each.isprintable() else "?" for each in str(text))


def shortened(text: str, width: int) -> str:
    """A text in at most so many characters, its middle left out.

    Examples
    --------
    >>> shortened("recordings/7_theo_0.wav", 15)
    'record..._0.wav'
    """
    if len(text) <= width:
        return text
    kept = max(width - len(_ELLIPSIS), 0)
    return text[: kept - kept // 2] + _ELLIPSIS[:width] + text[len(text) - kept // 2 :]


def say(text: object = "", *, flush: bool = False) -> None:
    """Print one line of an answer."""
    print(printable(text), flush=flush)


def note(text: object) -> None:
    """Tell a person something that is no part of the answer."""
    with suppress(OSError):  # where nobody can read it, the answer still counts
        print(printable(text), file=sys.stderr)


def tell(text: object) -> None:
    """Print a line of what goes on, at once; a service does not end because nobody can read it."""
    with suppress(OSError):
        print(printable(text), flush=True)


def print_json(value: Any) -> None:
    """Print one JSON value, indented."""
    print(json.dumps(value, indent=2, default=str))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows as aligned columns under their names; empty cells show as a dash.

    On a terminal the longest cells are shortened until a row fits.
    """
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    longest = _longest_cell(widths) if on_terminal() else max(widths)
    padded = [min(width, longest, _MOST_PADDING) for width in widths]
    for line in cells:
        shown = [
            shortened(cell, longest).ljust(pad) for cell, pad in zip(line, padded, strict=True)
        ]
        print(_GAP.join(shown).rstrip())


def on_terminal() -> bool:
    """Whether the standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def can_show(text: str) -> bool:
    """Whether the standard output has codes for all letters of a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def run(name: str, work: Callable[[], int | None]) -> NoReturn:
    """Do a command's work and end the process, with one line about whatever went wrong.

    Exit code 1 for an error of ours, 2 for one of settings, 130 for Ctrl-C.

    Parameters
    ----------
    name
        The command, which error lines begin with.
    work
        Answers the exit code, or ends the process itself.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = _ended(name, work)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        code = _unwritten(name, error)
    sys.exit(code)


def _ended(name: str, work: Callable[[], int | None]) -> int:
    try:
        return work() or 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        note(end.code)
        return 1
    except EarmarkError as error:
        note(f"{name}: {error}")
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _unwritten(name, error)


def _unwritten(name: str, error: OSError) -> int:
    """Over a stream that takes no more; whoever closes a pipe wants no more, and no complaint."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            # What is left in the buffer would be tried again, and complained about, at the exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    what = error.filename or "the answer cannot be written"
    note(f"{name}: {what}: {error.strerror or error}")
    return 1


def _longest_cell(widths: Sequence[int]) -> int:
    """So many characters a cell may have for a row to fit the terminal."""
    room = shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1)
    fits = (
        longest
        for longest in range(max(widths), _NARROWEST, -1)
        if sum(min(width, longest) for width in widths) <= room
    )
    return next(fits, _NARROWEST)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else printable(value)
