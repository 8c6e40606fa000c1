"""Clips with a truth as a table: from the store, or from a folder of named wav files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.audio.decode import Limits
from earmark.audio.discovery import Discovery
from earmark.audio.names import identity_of
from earmark.audio.reader import Failed
from earmark.clips import Record
from earmark.errors import MissingExtra, NotEnoughClips
from earmark.frontends import FrontEnd
from earmark.frontends.extract import Extracted, extract_files
from earmark.truth import told_by_name

if TYPE_CHECKING:
    import pandas as pd

    from earmark.store import Store

COLUMNS = ("path", "digest", "digit", "speaker", "vector")
"""`path` str, `digest` 32 hex digits, `digit` 0 to 9, `speaker` str or None,
`vector` float32 of shape (dimensions,)."""

_CHUNK = 1_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds for one front end."""

    table: pd.DataFrame
    lacking: list[str]
    """Paths of clips with a truth whose vectors the store does not have."""


def from_store(
    store: Store,
    front_end: FrontEnd,
    *,
    track: Callable[[Sequence[Record]], Iterator[Record]] = iter,
) -> Stored:
    """The labelled truth in the store as a table: clips that are done, each digest once.

    A clip whose file is gone still counts. Of copies, the one that a person has spoken for wins
    over those that only their name speaks for, then the newer one; "none" is no training data,
    and neither is what only its name says of a truncated clip.

    Parameters
    ----------
    track
        Passes the clips through, and may show how far it is.

    Raises
    ------
    FrontEndMismatch
        When a stored vector is not of this front end.
    """
    told = [record for record in _told(store) if isinstance(record.truth, int)]
    rows: list[tuple[object, ...]] = []
    lacking: list[str] = []
    tracked = track(told)
    while records := list(islice(tracked, _CHUNK)):
        vectors = store.vectors.get(front_end, [str(record.digest) for record in records])
        for each, vector in zip(records, vectors, strict=True):
            if vector is None:
                lacking.append(each.path)
            else:
                rows.append((each.path, each.digest, each.truth, each.speaker, vector))
    return Stored(frame(rows), sorted(lacking))


def some_from_store(
    store: Store,
    front_end: FrontEnd,
    *,
    track: Callable[[Sequence[Record]], Iterator[Record]] = iter,
) -> Stored:
    """As `from_store`, of at least one clip.

    Raises
    ------
    NotEnoughClips
        When there is none.
    """
    stored = from_store(store, front_end, track=track)
    if stored.table.empty:
        raise NotEnoughClips(
            f"the store holds no {front_end.name} vector of a clip with a truth: ingest clips "
            "named {digit}_{speaker}_{take}.wav, or tell it with `earmark clips correct`"
        )
    return stored


def _told(store: Store) -> Iterable[Record]:
    """Of each digest the record that tells its truth, and the speaker if any copy tells one."""
    newest: dict[str, Record] = {}
    speakers: dict[str, str] = {}
    for record in store.clips.all_records():
        if record.digest is None or record.truth is None or not record.state.done:
            continue
        if record.speaker is not None:
            speakers[record.digest] = record.speaker
        if not record.confirmed:
            continue
        other = newest.get(record.digest)
        if other is None or _weight(record) > _weight(other):
            newest[record.digest] = record
    for digest, record in newest.items():
        # Without its speaker, the copy of a held-out voice might be trained on.
        yield record.but(speaker=record.speaker or speakers.get(digest))


def _weight(record: Record) -> tuple[bool, float, str]:
    return record.truth_by != "name", record.noted_at or 0.0, record.path


def from_folder(
    folder: Path,
    front_end: FrontEnd,
    limits: Limits,
    *,
    discovery: Discovery | None = None,
    jobs: int = 1,
    progress: Callable[[int], object] | None = None,
    refused: Callable[[Failed], object] | None = None,
) -> pd.DataFrame:
    """Extract every `{digit}_{speaker}_{take}.wav` below a folder; no server is needed.

    Copies share a digest and are taken once; truncated clips are passed over, for nobody has said
    that the word is still in what is left of them.

    Parameters
    ----------
    progress
        Called with 1 for each clip.
    refused
        Called with each clip that has no vector, and why.

    Raises
    ------
    NotEnoughClips
        When no name below the folder tells a digit.
    """
    rows = []
    truncated = 0
    for outcome in extract_files(named_wavs(folder, discovery), front_end, limits, jobs=jobs):
        if progress is not None:
            progress(1)
        if not isinstance(outcome, Extracted):
            if refused is not None:
                refused(outcome)
        elif outcome.recording.sound.truncated:
            truncated += 1
        else:
            told = told_by_name(identity_of(outcome.path.name))
            rows.append(
                (str(outcome.path), outcome.digest, told.digit, told.speaker, outcome.vector)
            )
    if truncated:
        log.warning("truncated clips below %s that are left out: %d", folder, truncated)
    return frame(rows)


def named_wavs(folder: Path, discovery: Discovery | None = None) -> list[Path]:
    """The clips below a folder whose names tell a digit.

    Raises
    ------
    NotEnoughClips
        When there is none.
    """
    if not folder.is_dir():
        raise NotEnoughClips(f"there is no folder {folder}")
    found = (discovery or Discovery()).clips_below(folder)
    paths = [path for path in found if told_by_name(path.name).by]
    if not paths:
        raise NotEnoughClips(f"no file below {folder} is named {{digit}}_{{speaker}}_{{take}}.wav")
    return paths


def frame(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """A data frame of `COLUMNS`, each digest once, in the order of the digests."""
    pandas = _pandas()
    told = list(rows)
    # As objects: a column of strings would make NaN of None, and takes no name that is no UTF-8.
    table: pd.DataFrame = pandas.DataFrame(
        {
            name: pandas.Series(
                [row[place] for row in told], dtype=np.int64 if name == "digit" else object
            )
            for place, name in enumerate(COLUMNS)
        }
    )
    return table.drop_duplicates("digest").sort_values("digest").reset_index(drop=True)


def matrix(table: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The vectors of a table as float32 of shape (clips, dimensions)."""
    return np.stack(list(table["vector"])).astype(np.float32, copy=False)


def head(table: pd.DataFrame, front_end: FrontEnd, rows: int = 5) -> Mapping[str, object]:
    """What the notebook prints first: shape, first rows, description and counts.

    A table without clips has no description.
    """
    described = {}
    if not table.empty:
        described = _pandas().DataFrame(matrix(table)).stack().describe().to_dict()
    return {
        "shape": [len(table), front_end.dimensions + 1],
        "head": table.drop(columns="vector").head(rows).to_dict("records"),
        "describe": described,
        "digits": table["digit"].value_counts().sort_index().to_dict(),
        "speakers": table["speaker"].value_counts().sort_index().to_dict(),
    }


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra("analysis", "a table of clips") from error
    return pandas
