"""What a file is to us, by the ending of its name or by its first bytes."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Mapping
from enum import StrEnum

from earmark.audio.content import audio_kind
from earmark.audio.conversion import AUDIO_SUFFIXES, HEAD_BYTES, WAV_SUFFIXES


class Kind(StrEnum):
    """What a file is to us; all but clips are passed over and counted."""

    CLIP = "clip"
    LABELS = "labels.csv"
    TEXT = "text"
    TABLE = "tables"
    PICTURE = "pictures"
    ARCHIVE = "archives"
    HIDDEN = "hidden"
    IGNORED = "ignored"
    """Fits a pattern of the setting of this name."""
    FOLDER = "ignored folders"
    FOLDER_LINK = "links to folders"
    BROKEN_LINK = "broken links"
    SPECIAL = "pipes and devices"
    UNREADABLE = "unreadable"
    OTHER = "others"


SUFFIXES = {
    **dict.fromkeys(WAV_SUFFIXES, Kind.CLIP),
    **dict.fromkeys((".txt", ".md", ".rst", ".json", ".xml", ".yaml", ".yml", ".toml", ".html",
                     ".log", ".py", ".sh", ".ipynb", ".pdf", ".doc", ".docx", ".rtf", ".lab",
                     ".textgrid"), Kind.TEXT),
    **dict.fromkeys((".csv", ".tsv", ".xls", ".xlsx", ".ods", ".parquet", ".npy", ".npz"),
                    Kind.TABLE),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg", ".heic", ".webp"), Kind.PICTURE),
    **dict.fromkeys((".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".7z", ".rar", ".zst"),
                    Kind.ARCHIVE),
}  # fmt: skip
"""Endings that plainly say what a file is, in small letters."""


def by_content(name: str, head: bytes) -> Kind:
    """What a file is by its first bytes; where they are of no known kind, its name counts, too.

    Examples
    --------
    >>> by_content("memo", b"fLaC"), by_content("README", b"About these recordings")
    (<Kind.CLIP: 'clip'>, <Kind.TEXT: 'text'>)
    """
    if audio_kind(head):
        return Kind.CLIP
    if _is_text(head):
        return Kind.TEXT
    suffix = os.path.splitext(name)[1].lower()
    return Kind.CLIP if head and suffix in AUDIO_SUFFIXES else Kind.OTHER


def passed_line(passed: Mapping[str, int]) -> str:
    """What was passed over, in one line.

    Examples
    --------
    >>> passed_line({"labels.csv": 1, "text": 2})
    '3 files: 1 labels.csv, 2 text'
    """
    folders = any(passed.get(kind) for kind in (Kind.FOLDER, Kind.FOLDER_LINK))
    total = sum(passed.values())
    what = "files and folders" if folders else "file" if total == 1 else "files"
    return f"{total:,} {what}: {', '.join(f'{count:,} {kind}' for kind, count in passed.items())}"


def kind_of_file(file: str) -> Kind:
    """What a file is by its content."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return Kind.UNREADABLE
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return Kind.SPECIAL
        return by_content(file, os.read(descriptor, HEAD_BYTES))
    except OSError:
        return Kind.UNREADABLE
    finally:
        os.close(descriptor)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(head) and b"\0" not in head
