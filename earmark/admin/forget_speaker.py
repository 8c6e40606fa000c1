"""Voices are personal data: everything that is known of a speaker can be taken away.

`forgotten.csv` in the data folder names what was forgotten, as path and revision, so that a file
that stays in the inbox is not heard again, not even by a store that was wiped or restored.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from earmark.annotations import labels_csv
from earmark.audio.discovery import Discovery
from earmark.audio.names import identity_of
from earmark.audio.reader import inside
from earmark.clips import Record, Revision
from earmark.environment.data_folder import keep_private, owner_only
from earmark.errors import ClipError, LabelError, ModelError, TrainingBusy
from earmark.model.artifact import TRAINED_ON, digest_keys
from earmark.model.registry import Registry
from earmark.store import Store
from earmark.truth import told_of

FILE = "forgotten.csv"
VIEWS = "views"
"""Folder of cached views of clips, in the data folder; the next training makes them anew."""
NO_FILE = Revision(0, 0)
"""Stands for a clip of which there is only a label."""

_HEADER = ("path", "revision", "at")
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where all that may tell of a speaker lies."""

    store: Store
    registry: Registry
    inbox: Path
    data: Path

    @property
    def labels_file(self) -> Path:
        return self.data / "labels.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """All that is known of a speaker."""

    speaker: str
    clips: Mapping[str, Revision]
    """The speaker's clips, and copies of them that nobody is named for."""
    digests: frozenset[str]
    shared: frozenset[str]
    """Those digests that a clip of another speaker has, too: their vectors stay."""
    models: tuple[str, ...]
    """The versions that were trained on the voice."""

    @property
    def truths(self) -> bool:
        """Whether the next training could lack anything."""
        return bool(self.digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was taken away."""

    records: int
    vectors: int
    labels: int
    views: int
    files: int
    kept_files: tuple[str, ...]
    """Files that were to be deleted and could not be."""
    log_rewritten: bool
    """Whether the server is writing its log anew, without what was deleted."""


def read(file: Path) -> dict[str, Revision]:
    """What stays forgotten, by path.

    Raises
    ------
    LabelError
        When the file is damaged.
    """
    if not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as handle:
        try:
            return {row["path"]: Revision.parse(row["revision"]) for row in csv.DictReader(handle)}
        except (KeyError, ValueError, TypeError, csv.Error) as error:
            raise LabelError(f"{file} is damaged: {error!r}") from error


def append(file: Path, clips: Mapping[str, Revision], at: datetime) -> None:
    """Write down what stays forgotten, flushed to disk."""
    keep_private(file.parent)
    with open(file, "a", newline="", encoding="utf-8", opener=owner_only) as handle:
        writer = csv.writer(handle)
        if handle.tell() == 0:
            writer.writerow(_HEADER)
        when = at.isoformat(timespec="seconds")
        writer.writerows((path, str(revision), when) for path, revision in clips.items())
        handle.flush()
        os.fsync(handle.fileno())


def survey(place: Place, speaker: str) -> Voice:
    """Find all that is known of a speaker.

    Raises
    ------
    LabelError
        When nothing is.
    """
    told = {line.path: line.told for line in labels_csv.read(place.labels_file)}
    told |= dict(place.store.clips.all_corrections())
    named = {path: NO_FILE for path, each in told.items() if each.speaker == speaker}
    records = list(_of_speaker(place.store, speaker, named))
    digests = frozenset(record.digest for record in records if record.digest)
    copies, shared = _same_content(place.store, digests, {record.path for record in records})
    files = {
        path: revision
        for path, revision in _files(place.inbox)
        if told_of(path, told.get(path)).speaker == speaker
    }
    clips = named | {record.path: record.revision for record in (*records, *copies)} | files
    models = tuple(_trained_on(place.registry, speaker, digests))
    if not clips and not models:
        raise LabelError(f"no clip, no label and no model tells of a speaker {speaker!r}")
    return Voice(speaker=speaker, clips=clips, digests=digests, shared=shared, models=models)


def forget(place: Place, voice: Voice, *, files: bool, now: datetime) -> Forgotten:
    """Take a voice away; when it was cut off, surveying and forgetting again ends the work.

    - write down what stays forgotten
    - delete cached views and, if wanted, the files in the inbox
    - drop records, corrections and vectors from the store, and all its past events
    - drop the lines of `labels.csv`

    Parameters
    ----------
    files
        Delete the source files, too.
    now
        With a time zone.

    Raises
    ------
    TrainingBusy
        While a training is under way, which may hear the voice; nothing was changed.
    """
    try:
        with place.store.training.training_lock():
            return _forget(place, voice, files, now)
    except TrainingBusy as error:
        raise TrainingBusy(
            f"a training is under way, and may hear {voice.speaker!r}: forget when it has ended"
        ) from error


def _forget(place: Place, voice: Voice, files: bool, now: datetime) -> Forgotten:
    append(place.data / FILE, voice.clips, now)
    views = _delete_views(place.data / VIEWS) if voice.digests else 0
    deleted, kept = _delete_files(place.inbox, voice.clips) if files else (0, ())
    paths = frozenset(voice.clips)
    records = sum(map(place.store.clips.forget, _chunks(voice.clips.items())))
    vectors = place.store.vectors.drop(sorted(voice.digests - voice.shared))
    place.store.events.forget()
    place.store.training.forget(voice.speaker)
    lines = labels_csv.rewrite(
        place.labels_file,
        keep=lambda line: line.path not in paths and line.told.speaker != voice.speaker,
    )
    return Forgotten(
        records=records,
        vectors=vectors,
        labels=lines,
        views=views,
        files=deleted,
        kept_files=kept,
        log_rewritten=place.store.connection.rewrite_log(),
    )


def _of_speaker(store: Store, speaker: str, named: Mapping[str, Revision]) -> Iterator[Record]:
    for record in store.clips.all_records():
        if record.speaker == speaker or record.path in named:
            yield record


def _same_content(
    store: Store, digests: frozenset[str], paths: set[str]
) -> tuple[list[Record], frozenset[str]]:
    """Other records of the same content: those without a speaker, and digests of those with."""
    others = [r for r in store.clips.all_records() if r.digest in digests and r.path not in paths]
    copies = [record for record in others if record.speaker is None]
    return copies, frozenset(r.digest for r in others if r.speaker is not None and r.digest)


def _files(inbox: Path) -> Iterator[tuple[str, Revision]]:
    for path, revision in Discovery().walk(str(inbox), Counter(), unreadable=lambda _: None):
        yield identity_of(path), revision


def _trained_on(registry: Registry, speaker: str, digests: frozenset[str]) -> Iterator[str]:
    seen = digest_keys(sorted(digests))
    for version in registry.versions():
        try:
            known_voices = registry.card(version).get("splits", {}).get("known_voices", ())
            keys = np.load(registry.path(version) / TRAINED_ON, allow_pickle=False)
        except (ModelError, OSError, ValueError):
            continue
        if speaker in known_voices or np.isin(seen, keys).any():
            yield version


def _delete_views(folder: Path) -> int:
    """Empty the cache: one file holds the views of many clips, and training makes them anew."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _delete_files(inbox: Path, clips: Iterable[str]) -> tuple[int, tuple[str, ...]]:
    deleted, kept = 0, []
    for path in clips:
        try:
            inside(inbox, path).unlink()
            deleted += 1
        except FileNotFoundError:
            continue
        except (OSError, ClipError):
            kept.append(path)
    return deleted, tuple(kept)


def _chunks(
    clips: Iterable[tuple[str, Revision]],
) -> Iterator[list[tuple[str, Revision]]]:
    rest = iter(clips)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
