"""Where a supervised service's output goes: all to a rotated file, its gist to the terminal."""

from __future__ import annotations

import logging
import re
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path

from earmark.environment.data_folder import keep_private
from earmark.masking import without_password
from earmark.terminal import printable, tell

LOG_BYTES = 5_000_000
LOG_FILES = 3
_LONGEST_LINE = 100_000
_LAST_LINES = 50

_GIST = re.compile(
    r"\b(?:WARNING|ERROR|CRITICAL)\b"
    r"|INFO (?:producer|worker|trainer|earmark)\b"
    r"|^\d+:M .{24} # "  # what the embedded server marks as a warning
)
_ERROR = re.compile(r"\b(?:ERROR|CRITICAL)\b")
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),\d{3} ")
_REASON = re.compile(r"^earmark: |^(?:[A-Za-z_]\w*\.)*\w*(?:Error|Exception|Exit)\b|^Error: ")
"""A message of ours, the last line of a traceback, or what a command line parser says."""
_KNOWN = re.compile(r"overcommit")
"""What the embedded server warns of at each start, and no laptop's owner needs to act upon."""


_OURS = frozenset({"earmark", "producer", "worker", "trainer", "dashboard"})
"""Whose messages are one line each; others, such as Celery's, tell of tracebacks in theirs."""


class _Printable(logging.Filter):
    """Keeps names and reasons in messages from commanding a terminal, or feigning a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        lines = [message] if record.name.partition(".")[0] in _OURS else message.split("\n")
        record.msg, record.args = "\n".join(map(printable, lines)), None
        return True


def make_printable(logger: logging.Logger) -> None:
    """Let what a logger's handlers write be fit for a terminal."""
    for handler in logger.handlers:
        handler.addFilter(_Printable())


class ServiceLog:
    """One service's log; `write` takes output in pieces of any size."""

    def __init__(self, name: str, folder: Path) -> None:
        keep_private(folder)
        self._name = name
        self._file = RotatingFileHandler(
            folder / f"{name}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
        self._rest = b""
        self._unseen: deque[str] = deque(maxlen=_LAST_LINES)

    def write(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > _LONGEST_LINE:
            self._line(self._rest)
            self._rest = b""

    def close(self) -> None:
        self._flush()
        self._file.close()

    def tell_reason(self) -> None:
        """Show on the terminal why the process died, if what it said tells it."""
        self._flush()
        said = [line for line in self._unseen if line.strip()]
        reasons = [line for line in said if _REASON.search(line)] or said
        if reasons:
            self._tell(reasons[-1].removeprefix("earmark: "))
        self._unseen.clear()

    def _flush(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._rest = b""

    def _line(self, raw: bytes) -> None:
        line = without_password(raw.decode(errors="replace"))
        self._file.emit(logging.makeLogRecord({"msg": line}))
        if _GIST.search(line) and not _KNOWN.search(line):
            self._tell(_STAMP.sub(r"\1 ", line))
            if _ERROR.search(line):
                self._unseen.clear()  # what is shown need not be told again as the reason
        else:
            self._unseen.append(line)

    def _tell(self, line: str) -> None:
        tell(f"{self._name:>9}  {line}")
