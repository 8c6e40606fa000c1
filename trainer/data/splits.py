"""Sticky splits: no clip and no speaker ever wanders from test to train.

    new_voices     all clips of about a fifth of the speakers; never trained on
    known_voices   a quarter of the other clips, by digest
    validation     a share of the rest; chooses the epoch, and counts as the training side
    train          what is left

A speaker is placed once, by a hash of the name, and every later training inherits the place.
A clip is placed by its digest, so that copies share a side and growth moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NEW_SHARE = 0.2
"""Share of the speakers that are held out."""
KNOWN_SHARE = 0.25
"""Share of the other speakers' clips that are held out; the notebook's."""
FEWEST_SPEAKERS = 4
"""With fewer speakers than this, nobody is held out."""


class Side(StrEnum):
    """What a clip is used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    KNOWN_VOICES = "known_voices"
    NEW_VOICES = "new_voices"


@dataclass(frozen=True, slots=True)
class Split:
    """A table's clips by side; together they are the whole table, and no two share a clip."""

    train: pd.DataFrame
    validation: pd.DataFrame
    known_voices: pd.DataFrame
    new_voices: pd.DataFrame
    speakers: Mapping[str, Side]
    """The place of every speaker ever met: `NEW_VOICES` or `KNOWN_VOICES`."""

    def of(self, side: Side) -> pd.DataFrame:
        """The clips of a side."""
        clips: pd.DataFrame = getattr(self, side.value)
        return clips

    @property
    def counts(self) -> dict[str, int]:
        return {side.value: len(self.of(side)) for side in Side}


def split(
    table: pd.DataFrame,
    *,
    earlier: Mapping[str, str],
    always_train: Iterable[str] = (),
    validation_share: float = 0.0,
) -> Split:
    """Put each clip of a table on its side.

    Parameters
    ----------
    table
        As `earmark.datasets.table.COLUMNS`, each digest once.
    earlier
        The place of each speaker in the training before.
    always_train
        Speakers that are never held out.
    validation_share
        Share of the training side that becomes its validation part.
    """
    speakers = place_speakers(
        (name for name in table["speaker"] if isinstance(name, str)),
        earlier=earlier,
        always_train=always_train,
    )
    sides = table["digest"].map(lambda digest: side_of_digest(digest, validation_share))
    held_out = table["speaker"].map(speakers).eq(Side.NEW_VOICES)
    sides = sides.where(~held_out, Side.NEW_VOICES)
    parts = {side.value: table[sides == side].reset_index(drop=True) for side in Side}
    return Split(**parts, speakers=speakers)


def place_speakers(
    names: Iterable[str], *, earlier: Mapping[str, str], always_train: Iterable[str] = ()
) -> dict[str, Side]:
    """Place new speakers; those placed earlier keep their place.

    Of the new ones those with the lowest hashes are held out, until a fifth of all speakers
    is: at least one of four. A speaker that was ever trained on is never held out again.

    Returns
    -------
    `NEW_VOICES` or `KNOWN_VOICES` for every name, the earlier ones' included.
    """
    trained = set(always_train)
    present = set(names)
    places = {name: Side(place) for name, place in earlier.items()}
    places |= dict.fromkeys(trained & (present | set(places)), Side.KNOWN_VOICES)
    newcomers = sorted(present - set(places), key=lambda name: _fraction("speaker", name))
    held_out = sum(place is Side.NEW_VOICES for name, place in places.items() if name in present)
    wanted = max(_wanted(len(present)) - held_out, 0)
    places |= dict.fromkeys(newcomers[:wanted], Side.NEW_VOICES)
    places |= dict.fromkeys(newcomers[wanted:], Side.KNOWN_VOICES)
    return dict(sorted(places.items()))


def _wanted(speakers: int) -> int:
    if speakers < FEWEST_SPEAKERS:
        return 0
    return max(1, math.floor(speakers * NEW_SHARE + 0.5))


def side_of_digest(
    digest: str, validation_share: float, *, test_share: float = KNOWN_SHARE
) -> Side:
    """The side of a clip whose speaker is not held out."""
    if _fraction("test", digest) < test_share:
        return Side.KNOWN_VOICES
    # Another hash than the first, or the validation part would lie beside the test side.
    return Side.VALIDATION if _fraction("validation", digest) < validation_share else Side.TRAIN


def _fraction(purpose: str, name: str) -> float:
    """A number in [0, 1) that is always the same for a purpose and a name."""
    hashed = blake2b(f"{purpose} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(hashed, "big") / 2**64
