"""Earmark: drop a wav of a spoken digit into a folder, and it gets its label.

For scripts and notebooks, with the live model and no server:

    earmark.label("memo.wav")            what is heard in it
    earmark.features("memo.wav")         its vector

Importing this module loads nothing else: every process of Earmark does so first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from earmark.model.predict import Heard

__all__ = ["__version__", "features", "label"]


@overload
def label(path: str | os.PathLike[str]) -> Heard: ...  # type: ignore[overload-overlap]
@overload
def label(path: Sequence[str | os.PathLike[str]]) -> list[Heard]: ...
def label(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> Heard | list[Heard]:
    """Label one file, or several, with the live model.

    Parameters
    ----------
    path
        A wav file; or a list of them, which is faster than one after the other.

    Returns
    -------
    Heard, or a list of them in the order of the files
        With `label`, `confidence`, `top`, `model` and `state`; for a file that cannot be labelled
        `state` is `failed` and `reason` says why.

    Raises
    ------
    ModelError
        When there is no model, or it cannot be used.
    """
    import os

    from earmark.model.predict import label_paths

    if isinstance(path, str | os.PathLike):
        return label_paths([path])[0]
    return label_paths(path)


def features(
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
    import os
    from pathlib import Path

    from earmark.frontends import front_end
    from earmark.frontends.extract import vectors_of
    from earmark.settings import Settings

    one = isinstance(path, str | os.PathLike)
    files = [Path(path)] if isinstance(path, str | os.PathLike) else [Path(each) for each in path]
    vectors = vectors_of(files, front_end(frontend), Settings.load().limits)
    return vectors[0] if one else vectors


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("earmark")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0+unknown"
