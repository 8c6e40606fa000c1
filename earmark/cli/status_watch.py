"""`earmark status --watch`: a view that stays, drawn anew every second until Ctrl-C."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from earmark.cli.output import status_lines
from earmark.errors import EarmarkError
from earmark.store import Store
from earmark.terminal import can_show, on_terminal, printable, say

SECONDS = 1.0
_LATEST = 8
_MINUTE = 60
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""To the terminal's second screen and without a cursor; and back."""
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_STEPS = " ▁▂▃▄▅▆▇█"
_PLAIN_STEPS = " .:-=+*#@"
"""For a terminal that has no codes for the others."""

Look = Callable[[], Mapping[str, Any]]
"""Answers the status."""


class Heard:
    """The latest clips, and how many each second, from the store's events."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._position = store.events.newest_event()
        self.clips: deque[Mapping[str, Any]] = deque(maxlen=_LATEST)
        self.counts: deque[int] = deque(maxlen=_MINUTE)

    def listen(self) -> None:
        """Take in what has happened since the last time."""
        count = 0
        for event in self._store.events.events(self._position, 0):
            self._position = event.id
            if event.kind == "clips":
                count += int(event.fields["count"])
                self.clips.extend(event.fields["clips"])
        self.counts.append(count)


def watch(look: Look, heard: Heard, rest: Callable[[float], object] = time.sleep) -> None:
    """Show the status until interrupted: on the whole of a terminal, else as a line each second."""
    if on_terminal():
        with _screen(sys.stdout):
            _repeat(lambda: _draw(sys.stdout, _view(look, heard)), rest)
    else:
        _repeat(lambda: say(_line(look, heard), flush=True), rest)


def spark(counts: Sequence[int]) -> str:
    """Counts as a row of bars, the greatest one full.

    Examples
    --------
    >>> spark([0, 1, 4, 8])
    ' ▁▄█'
    """
    most = max(counts, default=0) or 1
    steps = _STEPS if can_show(_STEPS) else _PLAIN_STEPS
    return "".join(steps[-(-count * 8 // most)] for count in counts)


def _repeat(show: Callable[[], None], rest: Callable[[float], object]) -> None:
    try:
        while True:
            show()
            rest(SECONDS)
    except KeyboardInterrupt:
        return


def _view(look: Look, heard: Heard) -> Iterator[str]:
    yield f"Earmark at {time.strftime('%H:%M:%S')}; Ctrl-C ends"
    yield ""
    try:
        heard.listen()
        yield from status_lines(look())
    except EarmarkError as error:
        yield f"no answer: {error}"
    yield ""
    yield f"a minute  {spark(list(heard.counts))}"
    yield ""
    yield from (_clip_line(clip) for clip in reversed(heard.clips))


def _line(look: Look, heard: Heard) -> str:
    """What matters most, for logs and pipes."""
    try:
        heard.listen()
        seen = look()
    except EarmarkError as error:
        return f"{time.strftime('%H:%M:%S')}  no answer: {error}"
    states = ", ".join(f"{count:,} {state}" for state, count in seen["states"].items())
    waiting = ", ".join(f"{count} in {queue}" for queue, count in seen["queues"].items())
    return f"{time.strftime('%H:%M:%S')}  {states}; {waiting}; {seen['clips_per_second']} clips/s"


def _clip_line(clip: Mapping[str, Any]) -> str:
    if clip.get("label") is None:
        return f"-       {clip['state']:9} {clip['path']}: {clip.get('reason')}"
    return f"{clip['label']}  {clip['confidence']:4.0%}  {clip['state']:9} {clip['path']}"


def _draw(out: TextIO, lines: Iterator[str]) -> None:
    """Over what stands there, line by line, so that nothing flickers."""
    columns, rows = shutil.get_terminal_size()
    shown = [printable(line)[: columns - 1] + _REST_OF_LINE for line in lines][: rows - 1]
    out.write(_HOME + "\n".join(shown) + _REST)
    out.flush()


@contextmanager
def _screen(out: TextIO) -> Iterator[None]:
    """The terminal as it was before, however this ends."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    out.write(_ENTER)
    try:
        yield
    finally:
        out.write(_LEAVE)
        out.flush()
        signal.signal(signal.SIGTERM, before)
