"""Bringing clips into the inbox: from folders, single files and zips.

What lies in a folder or a zip keeps its path relative to it, as `cp -r recordings/. inbox/` would
have it; a single file keeps its name. Nothing in the inbox is overwritten, and what cannot be
brought costs the others nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from earmark.annotations.import_labels import LABELS, lines_of_archive, lines_of_file
from earmark.annotations.labels_csv import Line
from earmark.audio.decode import Limits
from earmark.audio.discovery import Discovery
from earmark.audio.kinds import Kind
from earmark.audio.names import identity_of, on_disk
from earmark.audio.reader import Failed, inside
from earmark.audio.zip_reader import Member, members, open_archive
from earmark.clips import Revision
from earmark.errors import ClipError, EarmarkError
from earmark.files import Placed, insist_on_hope, place, place_stream

Track = Callable[[Sequence["Clip"]], Iterable["Clip"]]
"""Passes clips through, and shows how many have passed."""
Tell = Callable[[Sequence[Line]], int]
"""Writes statements down; answers how many of them were new."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One wav file that is to be brought, and its path in the inbox."""

    source: Path | Member
    path: str

    @property
    def shown(self) -> Path:
        """Where it comes from, for a person."""
        return self.source if isinstance(self.source, Path) else self.source.shown

    def place(self, target: Path) -> Placed:
        if isinstance(self.source, Path):
            return place(self.source, target)
        with self.source.open() as content:
            return place_stream(content, target)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one of the given paths holds."""

    clips: Sequence[Clip] = ()
    refused: Sequence[Failed] = ()
    lines: Sequence[Line] = ()
    """What a `labels.csv` in it tells of clips by their paths in the inbox."""
    of_inbox: bool = False
    """Whether the lines may be about any clip of the inbox, not only those brought here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What was brought, and what was not."""

    counts: Mapping[Placed, int]
    refused: Sequence[Failed]
    told: int
    """New statements of labels files."""
    clips: Mapping[str, Revision]
    """All clips that are in the inbox now, those included that were there already."""


def ingest(
    paths: Iterable[Path],
    inbox: Path,
    limits: Limits,
    *,
    tell: Tell,
    discovery: Discovery | None = None,
    track: Track = iter,
) -> Ingested:
    """Bring clips into the inbox: as hard links where that can be, as copies elsewhere.

    - survey the paths: which clips there are, and what their `labels.csv` tells of them
    - tell the truth of clips that are not there yet, so that it is known before they are heard
    - place the clips, each whole or not at all
    - tell the truth of those that were there already

    Parameters
    ----------
    paths
        Folders, wav files, zips of wav files, and files in the form of `labels.csv`.
    limits
        How large a clip in a zip may be when it is unpacked.
    discovery
        Tells clips from other files.

    Raises
    ------
    EarmarkError
        When nothing can be written to the inbox at all.
    """
    inbox.mkdir(parents=True, exist_ok=True)
    inbox = inbox.resolve()
    discovery = discovery or Discovery()
    with ExitStack() as archives:
        deliveries = [_survey(path, inbox, limits, discovery, archives) for path in paths]
        clips = [clip for each in deliveries for clip in each.clips]
        told = tell(_lines(deliveries, {c.path for c in clips if not _is_there(inbox, c.path)}))
        outcomes = [(clip, _bring(clip, inbox)) for clip in track(clips)]
    brought = {clip.path for clip, outcome in outcomes if not isinstance(outcome, Failed)}
    told += tell(_lines(deliveries, brought) + _lines_of_inbox(deliveries, inbox))
    placed = [outcome for _, outcome in outcomes if not isinstance(outcome, Failed)]
    failed = [outcome for _, outcome in outcomes if isinstance(outcome, Failed)]
    return Ingested(
        counts=Counter(placed),
        refused=[*(failure for each in deliveries for failure in each.refused), *failed],
        told=told,
        clips=dict(_revisions(inbox, sorted(brought))),
    )


def _survey(
    path: Path, inbox: Path, limits: Limits, discovery: Discovery, archives: ExitStack
) -> Delivery:
    if not os.path.exists(path):
        return _nothing(path, "there is no such file or folder")
    real = path.resolve()
    if real == inbox or inbox in real.parents:
        return _nothing(path, "it is in the inbox already")
    match path.suffix.lower():
        case _ if os.path.isdir(path):
            return _survey_folder(path, inbox, discovery)
        case ".zip":
            return _survey_archive(path, limits, discovery, archives)
        case ".csv":
            return _told(lambda: lines_of_file(path), path, Delivery(of_inbox=True))
        case _ if _is_clip(path, discovery):
            return Delivery([Clip(path, identity_of(path.name))])
    return _nothing(path, "it is no folder, no wav file, no zip and no labels file")


def _is_clip(path: Path, discovery: Discovery) -> bool:
    return discovery.by_name(path.name) is Kind.CLIP or discovery.is_clip(path)


def _survey_folder(folder: Path, inbox: Path, discovery: Discovery) -> Delivery:
    closed: list[Failed] = []

    def unreadable(error: OSError) -> None:
        closed.append(Failed(Path(error.filename), _plain(error)))

    found = discovery.clips_below(folder, leave_out=inbox, unreadable=unreadable)
    clips = [Clip(path, identity_of(path.relative_to(folder).as_posix())) for path in found]
    delivery = Delivery(clips, closed)
    return _told(lambda: lines_of_file(folder / LABELS), folder / LABELS, delivery)


def _survey_archive(
    path: Path, limits: Limits, discovery: Discovery, archives: ExitStack
) -> Delivery:
    try:
        archive = archives.enter_context(open_archive(path, discovery))
    except ClipError as error:
        return _nothing(path, error.reason)
    except OSError as error:
        return _nothing(path, _plain(error))
    found = list(members(archive, limits.max_bytes, discovery))
    refused = [item for item in found if isinstance(item, Failed)]
    clips = [Clip(item, item.path) for item in found if isinstance(item, Member)]
    return _told(
        lambda: lines_of_archive(archive, limits.max_bytes), path / LABELS, Delivery(clips, refused)
    )


def _told(read: Callable[[], list[Line]], file: Path, delivery: Delivery) -> Delivery:
    """The delivery with the lines of its labels file; a file that lies is refused as a whole."""
    try:
        return replace(delivery, lines=read())
    except EarmarkError as error:
        failure = Failed(file, str(error))
    except OSError as error:
        failure = Failed(file, _plain(error))
    return replace(delivery, refused=[*delivery.refused, failure])


def _nothing(path: Path, reason: str) -> Delivery:
    return Delivery(refused=[Failed(path, reason)])


def _bring(clip: Clip, inbox: Path) -> Placed | Failed:
    try:
        placed = clip.place(inside(inbox, clip.path))
    except ClipError as error:
        return Failed(clip.shown, error.reason)
    except OSError as error:
        insist_on_hope(error, inbox)
        return Failed(clip.shown, _plain(error))
    if placed is Placed.TAKEN:
        return Failed(clip.shown, "another clip has this name in the inbox, and stays")
    return placed


def _lines(deliveries: Iterable[Delivery], paths: set[str]) -> list[Line]:
    """What deliveries tell of their own clips, as far as these are among the paths."""
    lines: list[Line] = []
    for each in deliveries:
        own = paths.intersection(clip.path for clip in each.clips)
        lines += [line for line in each.lines if line.path in own]
    return lines


def _lines_of_inbox(deliveries: Iterable[Delivery], inbox: Path) -> list[Line]:
    lists = [each for each in deliveries if each.of_inbox]
    return [line for each in lists for line in each.lines if _is_there(inbox, line.path)]


def _is_there(inbox: Path, path: str) -> bool:
    return os.path.lexists(inbox / on_disk(path))


def _revisions(inbox: Path, paths: Iterable[str]) -> Iterator[tuple[str, Revision]]:
    for path in paths:
        try:
            yield path, Revision.of((inbox / on_disk(path)).stat())
        except OSError:  # gone again
            continue


def _plain(error: OSError) -> str:
    return f"it cannot be brought: {error.strerror or error}"
