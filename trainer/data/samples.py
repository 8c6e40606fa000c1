"""What a net is shown in which order: clips with their digits, and views of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from earmark.datasets.table import matrix
from earmark.model.classifier import DIGITS
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd

OTHER = DIGITS
"""What stands where a digit stands, for a sound that is none."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a net is fitted to.

    `vectors` is float32 of shape (clips, dimensions), `digits` int64 of shape (clips,).
    """

    vectors: NDArray[np.float32]
    digits: NDArray[np.int64]
    views: NDArray[np.float16] | None = None
    """Of shape (clips, views, dimensions), the first exact; None: clips are shown as they are."""

    @classmethod
    def of(cls, table: pd.DataFrame, views: NDArray[np.float16] | None = None) -> Self:
        vectors = matrix(table) if len(table) else np.empty((0, 0), np.float32)
        return cls(vectors, table["digit"].to_numpy(np.int64), views)

    def __len__(self) -> int:
        return len(self.digits)

    def where(self, wanted: NDArray[np.bool_]) -> Self:
        """The clips for which a mask of shape (clips,) holds."""
        views = None if self.views is None else self.views[wanted]
        return type(self)(self.vectors[wanted], self.digits[wanted], views)

    @property
    def plain(self) -> Self:
        """The clips without their views, as they are validated and tested."""
        return type(self)(self.vectors, self.digits)

    def joined(self, others: Samples | None) -> Samples:
        """These clips and others; where only the one have views, the others are as they are."""
        if others is None or len(others) == 0:
            return self
        if len(self) == 0:
            return others
        vectors = np.concatenate([self.vectors, others.vectors])
        digits = np.concatenate([self.digits, others.digits])
        if self.views is None or others.views is None:
            return Samples(vectors, digits)
        return Samples(vectors, digits, np.concatenate([self.views, others.views]))


def shown(recipe: Recipe, shape: tuple[int, int], *, seed: int) -> NDArray[np.int32]:
    """Which view of which clip stands where, int32 of shape (batches of all epochs, batch).

    Each epoch shows each clip once, but for those that fill no batch; a value is the clip's
    number times the number of views, plus the view's.

    Parameters
    ----------
    shape
        Clips, and views a clip.
    """
    if recipe.augmentation is None:
        raise ValueError(f"recipe {recipe.name} shows no views")
    clips, views = shape
    batch = min(recipe.batch_size, clips)
    count = clips // batch * batch
    clean = recipe.augmentation.clean
    chance = np.random.default_rng(seed)
    rows = np.empty((recipe.epochs, count), np.int32)
    for row in rows:
        order = chance.permutation(clips)[:count]
        kinds = chance.random(count) < recipe.clean_share
        view = np.where(
            kinds, chance.integers(0, clean, count), chance.integers(clean, views, count)
        )
        row[:] = order * views + view
    return rows.reshape(-1, batch)
