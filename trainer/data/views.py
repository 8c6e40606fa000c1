"""The views of a training side: from the cache, and what is missing there from the recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Limits
from earmark.audio.reader import Recording, try_record
from earmark.frontends import MfccTime
from trainer.augment.augmentation import Augmentation
from trainer.data.view_cache import LIMIT_BYTES, ViewCache

_CHUNK = 64
"""Clips whose views are written together."""


@dataclass(frozen=True, slots=True)
class Views:
    """Makes the views of clips, each once.

    Parameters
    ----------
    folder
        Where they are cached.
    limits
        As the clips were decoded with.
    limit_bytes
        What the cache takes on disk at most.
    """

    folder: Path
    limits: Limits
    front_end: MfccTime = field(default_factory=MfccTime)
    augmentation: Augmentation = field(default_factory=Augmentation)
    limit_bytes: int = LIMIT_BYTES

    @property
    def shape(self) -> tuple[int, int]:
        """Views a clip, and values a view."""
        return self.augmentation.count, self.front_end.dimensions

    @property
    def cache(self) -> ViewCache:
        """Where the views are kept."""
        identity = f"{self.front_end.fingerprint}-{self.augmentation.fingerprint}"
        return ViewCache(self.folder, identity, self.shape, self.limit_bytes)

    def of(
        self,
        clips: Mapping[str, Path],
        exact: NDArray[np.float32],
        *,
        progress: Callable[[int], object] | None = None,
    ) -> NDArray[np.float16]:
        """The views of some clips; what is new is cached.

        Parameters
        ----------
        clips
            The recording of each digest. One that is gone, or bears another clip by now, has its
            exact vector for every view.
        exact
            The clips' vectors, of shape (clips, dimensions).
        progress
            Called with the number of clips that are done.

        Returns
        -------
        ndarray, float16, of shape (clips, views, dimensions)
            In the order of `clips`; the first view of each is its exact vector.
        """
        views = np.repeat(exact[:, np.newaxis].astype(np.float16), self.shape[0], axis=1)
        rows = {digest: row for row, digest in enumerate(clips)}
        found = self.cache.read(clips)
        for digest, cached in found.items():
            views[rows[digest]] = cached
        _tell(progress, len(found))
        missing = [digest for digest in clips if digest not in found]
        if missing:
            self.cache.keep(clips)
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            made = self._made({digest: clips[digest] for digest in chunk})
            for digest, fresh in made.items():
                views[rows[digest]] = fresh
            self.cache.add(made)
            _tell(progress, len(chunk))
        return views

    def _made(self, clips: Mapping[str, Path]) -> dict[str, NDArray[np.float32]]:
        recordings = [try_record(path, self.limits) for path in clips.values()]
        return {
            recording.digest: self.augmentation.views(
                self.front_end, recording.sound, recording.digest
            )
            for recording in recordings
            if isinstance(recording, Recording) and recording.digest in clips
        }


def _tell(progress: Callable[[int], object] | None, clips: int) -> None:
    if progress is not None:
        progress(clips)
