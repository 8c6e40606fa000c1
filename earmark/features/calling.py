"""`earmark.features(path)` for scripts, beside `from earmark.features import ...` for programs.

The package bears the name of the function, and importing it puts it in the function's place; so
the package itself can be called.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CallableModule(ModuleType):
    """A module that extracts vectors when it is called."""

    def __call__(
        self,
        path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        frontend: str = "mfcc-mean",
    ) -> NDArray[np.float32]:
        """Extract the vector of one file, or of several.

        Parameters
        ----------
        path
            A wav file, or a list of them.
        frontend
            Name of the front end.

        Returns
        -------
        float32 of shape (dimensions,), or (files, dimensions) for a list.

        Raises
        ------
        ClipError
            When a file cannot be read; names it.
        ValueError
            When there is no such front end.
        """
        if isinstance(path, str | os.PathLike):
            return _vectors([path], frontend).reshape(-1)
        return _vectors(path, frontend)


def _vectors(paths: Sequence[str | os.PathLike[str]], frontend: str) -> NDArray[np.float32]:
    import numpy as np

    from earmark.errors import ClipError
    from earmark.extraction import Failed, extract_files
    from earmark.features import front_end
    from earmark.settings import Settings

    chosen = front_end(frontend)
    vectors = np.empty((len(paths), chosen.dimensions), np.float32)
    files = [Path(path) for path in paths]
    for row, outcome in enumerate(extract_files(files, chosen, Settings.load().limits)):
        if isinstance(outcome, Failed):
            raise ClipError(f"{outcome.path}: {outcome.reason}")
        vectors[row] = outcome.vector
    return vectors
