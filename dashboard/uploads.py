"""Uploads: wavs and zips that come in through the browser or the interface, into the inbox."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from dashboard.context import House
from earmark.annotations.import_labels import tell
from earmark.audio.conversion import AUDIO_SUFFIXES, HEAD_BYTES, WAV_SUFFIXES
from earmark.audio.kinds import Kind, by_content
from earmark.audio.reader import inside
from earmark.clips import Record, Revision
from earmark.environment.data_folder import keep_private
from earmark.errors import ClipError, EarmarkError
from earmark.files import Placed, place_stream
from earmark.inbox.ingest import ingest

_LONGEST_STEM = 100
_LOOK_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of an upload."""

    clips: dict[str, Revision] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Names and reasons."""


def safe_name(name: str) -> str:
    r"""A name that stands for nothing but a file of the inbox.

    Examples
    --------
    >>> safe_name("../../etc/7_theo_3.WAV"), safe_name("..\\.hidden.wav"), safe_name("")
    ('7_theo_3.wav', 'hidden.wav', 'clip.wav')
    >>> safe_name("song.mp3"), safe_name("voices.ZIP")
    ('song.mp3', 'voices.zip')
    """
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    stem, suffix = PurePosixPath(last).stem, PurePosixPath(last).suffix.lower()
    if suffix not in AUDIO_SUFFIXES | {".zip"}:
        stem, suffix = last, ".wav"
    plain = re.sub(r"[^\w.()+-]+", "_", stem).strip("._ ")
    while len(plain.encode()) > _LONGEST_STEM:
        plain = plain[:-1]
    return f"{plain or 'clip'}{suffix}"


def bring(house: House, name: str, content: IO[bytes]) -> Brought:
    """Place one upload: a wav under a name of its own, a zip with all the wavs in it."""
    safe = safe_name(name)
    if safe.endswith(".zip"):
        return _bring_zip(house, safe, content)
    size = content.seek(0, 2)
    content.seek(0)
    if size > house.settings.limits.max_bytes:
        most = house.settings.max_megabytes
        return Brought(refused={safe: f"it is larger than {most:g} MB (EARMARK_MAX_MEGABYTES)"})
    if size == 0:
        return Brought(refused={safe: "it is empty"})
    named_so = PurePosixPath(name).suffix.lower() in WAV_SUFFIXES
    if not named_so and by_content(safe, content.read(HEAD_BYTES)) is not Kind.CLIP:
        return Brought(refused={safe: "it is no audio, by its name and by its content"})
    try:
        path = _place(house.settings.inbox.resolve(), safe, content)
    except OSError as error:
        return Brought(refused={safe: f"it cannot be written: {error.strerror or error}"})
    return Brought(clips={path: Revision.of((house.settings.inbox / path).stat())})


async def settled(
    house: House, clips: dict[str, Revision], wait_seconds: float
) -> dict[str, Record | None]:
    """The records of clips, waiting at most so long until all of them are labelled or failed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    while True:
        found = await asyncio.to_thread(_records, house, clips)
        if loop.time() >= deadline or all(each and each.state.done for each in found.values()):
            return found
        await asyncio.sleep(_LOOK_SECONDS)


def _records(house: House, clips: dict[str, Revision]) -> dict[str, Record | None]:
    records = house.store.clips.records(list(clips))
    return {
        path: record if record and record.revision.mtime_ns >= revision.mtime_ns else None
        for (path, revision), record in zip(clips.items(), records, strict=True)
    }


def _place(inbox: Path, name: str, content: IO[bytes]) -> str:
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    for number in range(1, 10_000):
        path = name if number == 1 else f"{stem}-{number}{suffix}"
        content.seek(0)
        if place_stream(content, inside(inbox, path)) is not Placed.TAKEN:
            return path
    raise FileExistsError("there are too many clips of this name")


def _bring_zip(house: House, name: str, content: IO[bytes]) -> Brought:
    data = keep_private(house.settings.data)
    with tempfile.TemporaryDirectory(dir=data, prefix="upload-") as folder:
        file = Path(folder) / name
        with file.open("wb") as target:
            shutil.copyfileobj(content, target, 1 << 20)
        said = partial(tell, file=house.settings.labels_file, ledger=house.store.clips)
        try:
            done = ingest(
                [file],
                house.settings.inbox,
                house.settings.limits,
                tell=said,
                discovery=house.settings.discovery,
            )
        except (ClipError, EarmarkError) as error:
            return Brought(refused={name: str(error)})
    refused = {Path(each.path).name: each.reason for each in done.refused}
    return Brought(dict(done.clips), refused)


def together(parts: Sequence[Brought]) -> Brought:
    """Several uploads as one."""
    return Brought(
        {path: revision for each in parts for path, revision in each.clips.items()},
        {name: reason for each in parts for name, reason in each.refused.items()},
    )
