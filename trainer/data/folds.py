"""How crossval cuts a table: by clip, by speaker, or as the data set's makers did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.errors import NotEnoughClips
from earmark.wording import counted

if TYPE_CHECKING:
    import pandas as pd

CLIP_FOLDS = 4
"""Each tests on a quarter, as the notebook's split does."""
SPEAKER_FOLDS = 10
"""Up to so many speakers each is a fold; more are grouped into as many folds."""
OFFICIAL_TEST_TAKES = 5
"""The Free Spoken Digit Dataset tests on takes 0 to 4 of every speaker."""


class By(StrEnum):
    """What is kept together in a fold."""

    CLIP = "clip"
    SPEAKER = "speaker"
    OFFICIAL = "official"
    SYNTHETIC = "synthetic"
    """No recording is trained on, synthetic voices alone; every clip is tested."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Which rows of the table are tested; the others are trained on."""

    name: str
    test: NDArray[np.intp]


def cut(table: pd.DataFrame, by: By, *, seed: int) -> list[Fold]:
    """The folds of a table; together they test each row at most once.

    Raises
    ------
    NotEnoughClips
        When there are too few clips or speakers for it.
    """
    cutters = {
        By.CLIP: _by_clip,
        By.SPEAKER: _by_speaker,
        By.OFFICIAL: _official,
        By.SYNTHETIC: _all,
    }
    return list(cutters[by](table, seed))


def _by_clip(table: pd.DataFrame, seed: int) -> Iterator[Fold]:
    from sklearn.model_selection import StratifiedKFold

    fewest = int(table["digit"].value_counts().min())
    if fewest < CLIP_FOLDS:
        raise NotEnoughClips(
            f"one digit has {counted(fewest, 'clip')}, and each needs at least {CLIP_FOLDS}"
        )
    cutter = StratifiedKFold(CLIP_FOLDS, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(cutter.split(table, table["digit"]), start=1):
        yield Fold(str(number), test)


def _by_speaker(table: pd.DataFrame, seed: int) -> Iterator[Fold]:
    speakers = sorted(set(table["speaker"].dropna()))
    if len(speakers) < 2:
        raise NotEnoughClips(
            f"the clips are by {counted(len(speakers), 'named speaker')}, and at least 2 are needed"
        )
    order = np.random.default_rng(seed).permutation(speakers)
    groups = [[name] for name in speakers]
    if len(speakers) > SPEAKER_FOLDS:
        groups = [sorted(map(str, group)) for group in np.array_split(order, SPEAKER_FOLDS)]
    for group in groups:
        yield Fold("+".join(group), np.flatnonzero(table["speaker"].isin(group)))


def _official(table: pd.DataFrame, seed: int) -> Iterator[Fold]:
    tested = [_take(path) < OFFICIAL_TEST_TAKES for path in table["path"]]
    if all(tested) or not any(tested):
        raise NotEnoughClips(
            f"the official split tests on takes 0 to {OFFICIAL_TEST_TAKES - 1} and trains on "
            "the others; one of the two is not there"
        )
    yield Fold("takes 0-4", np.flatnonzero(tested))


def _all(table: pd.DataFrame, seed: int) -> Iterator[Fold]:
    yield Fold("all clips", np.arange(len(table)))


def _take(path: str) -> int:
    return int(PurePath(path).stem.rpartition("_")[2])
