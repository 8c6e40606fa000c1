"""What a training takes beside its table: recordings, other vectors, synthetic voices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Limits
from earmark.audio.reader import Fence
from earmark.errors import ClipError
from earmark.frontends import FrontEnd, MfccTime, front_end
from earmark.frontends.extract import Extracted, extract_files
from trainer.data.samples import Samples
from trainer.data.synthetic_voices import Additions, Synthesis
from trainer.data.view_cache import disk_bytes
from trainer.data.views import Views
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd

    from earmark.settings import Settings
    from earmark.store import Store

_NOWHERE = Path("/dev/null")
"""Is no regular file, so whoever reads it is told that there is no clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Where to find more than a table tells of its clips.

    Parameters
    ----------
    folder
        Caches of views and of synthetic voices go below it.
    inbox
        Resolved; what paths of clips are relative to. None: they are whole.
    store
        Where vectors of other front ends may lie.
    """

    folder: Path
    limits: Limits
    inbox: Path | None = None
    store: Store | None = None

    @classmethod
    def of_folder(cls, settings: Settings) -> Material:
        """For tables made by `earmark.datasets.table.from_folder`."""
        return cls(folder=settings.data, limits=settings.limits)

    @classmethod
    def of_store(cls, settings: Settings, store: Store) -> Material:
        """For tables made by `earmark.datasets.table.from_store`."""
        return cls(
            folder=settings.data,
            limits=settings.limits,
            inbox=settings.inbox.resolve(),
            store=store,
        )

    def samples(
        self,
        recipe: Recipe,
        table: pd.DataFrame,
        progress: Callable[[int], object] | None = None,
    ) -> Samples:
        """The clips of a table as a recipe is fitted to them, with views if it wants any."""
        extractor = front_end(recipe.front_end)
        plain = Samples.of(table)
        if recipe.augmentation is None or len(plain) == 0:
            return plain
        if not isinstance(extractor, MfccTime):
            raise ValueError(f"{recipe.front_end} has no views")
        views = Views(self.folder / "views", self.limits, extractor, recipe.augmentation)
        clips = dict(zip(table["digest"], self._files(table["path"].tolist()), strict=True))
        return Samples.of(table, views.of(clips, plain.vectors, progress=progress))

    def additions(self, recipe: Recipe, voices: int) -> Additions:
        """The synthetic voices and other sounds that a recipe wants in its training side."""
        return Synthesis(self.folder / "synthetic").additions(recipe, voices)

    @property
    def cache_bytes(self) -> int:
        """What the caches take on disk."""
        return disk_bytes(self.folder / "views") + Synthesis(self.folder / "synthetic").size_bytes

    def vectors(
        self, extractor: FrontEnd, table: pd.DataFrame
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The vectors of a table's clips by another front end than the table's.

        Returns
        -------
        vectors
            float32 of shape (clips, dimensions).
        found
            Of shape (clips,): False where neither the store has it nor the recording is there.
        """
        digests = table["digest"].tolist()
        known = self._stored(extractor, digests)
        lacking = [digest not in known for digest in digests]
        files = self._files(table["path"][lacking].tolist())
        for outcome in extract_files(files, extractor, self.limits):
            if isinstance(outcome, Extracted):
                known[outcome.digest] = outcome.vector
        vectors = np.zeros((len(digests), extractor.dimensions), np.float32)
        for row, digest in enumerate(digests):
            vectors[row] = known.get(digest, 0)
        return vectors, np.array([digest in known for digest in digests], dtype=bool)

    def _stored(self, extractor: FrontEnd, digests: list[str]) -> dict[str, NDArray[np.float32]]:
        if self.store is None:
            return {}
        found = self.store.vectors.get(extractor, digests)
        pairs = zip(digests, found, strict=True)
        return {digest: vector for digest, vector in pairs if vector is not None}

    def _files(self, paths: list[str]) -> list[Path]:
        if self.inbox is None:
            return [Path(path) for path in paths]
        fence = Fence(self.inbox)
        return [_inside(fence, path) for path in paths]


def _inside(fence: Fence, path: str) -> Path:
    try:
        return fence.inside(path)
    except ClipError:
        return _NOWHERE
