"""Types of fixtures that are functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from earmark.clips import Record

Tone = Callable[..., Path]
"""Writes a tone to a path and answers the path."""
Label = Callable[[Path], list[Record]]
"""Labels all clips of an inbox, as producer and worker do."""
