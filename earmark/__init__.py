"""Earmark: drop a wav of a spoken digit into a folder, and it gets its label.

For scripts and notebooks, without any server but for `dataset()`, with the live model of the folder
that `EARMARK_MODELS` or `earmark.toml` names, else of the installation:

    earmark.label("memo.wav")            what is heard in it
    earmark.features("memo.wav")         its vector
    earmark.inspect("memo.wav")          how it looks and sounds, in Jupyter
    earmark.dataset("recordings")        a data frame of clips with a truth

Importing this module loads nothing else: every process of Earmark does so first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from earmark.analysis.inspection import Inspection
    from earmark.model.predict import Heard

__all__ = ["__version__", "dataset", "features", "inspect", "label"]


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


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Look at a clip and listen to it: in Jupyter the answer is shown as picture and player.

    Parameters
    ----------
    path
        A wav file.

    Returns
    -------
    Inspection
        With `path`, `seconds`, `rate` (Hz), `waveform` (float32 of shape (n,), mono at that rate),
        `mfcc` (float32 of shape (40, frames), of the clip at 22,050 Hz, as librosa gives it) and
        `prediction`, which is what `label` answers.

    Raises
    ------
    ClipError
        When the file cannot be read; names it.
    ModelError
        When there is no model, or it cannot be used.
    MissingExtra
        When the extra `analysis` is not installed.
    """
    from pathlib import Path

    from earmark.analysis.inspection import inspection
    from earmark.settings import Settings

    return inspection(Path(path), Settings.load())


def dataset(
    folder: str | os.PathLike[str] | None = None, frontend: str | None = None
) -> pd.DataFrame:
    """Give clips with a truth and their vectors as a pandas data frame, each content once.

    Parameters
    ----------
    folder
        Searched with its subfolders for `{digit}_{speaker}_{take}.wav`. None: the clips in the
        store, of which a person's word about a clip wins over its name.
    frontend
        Name of the front end; None: `mfcc-mean` for a folder, the live model's for the store.

    Returns
    -------
    pandas.DataFrame
        A row for each clip, with the columns

        - `path`: str, the file; of a clip in the store, relative to the inbox
        - `digest`: str, 32 hex digits, the hash of its bytes, by which rows are sorted
        - `digit`: int, 0 to 9
        - `speaker`: str, or None where nobody told
        - `v0`, `v1` and so on: float32, the values of its vector; 40 of `mfcc-mean`

        Clips without a vector are left out, with a warning that counts them.

    Raises
    ------
    NotEnoughClips
        When there is no clip with a truth.
    NotRunning
        When the store is asked and does not answer.
    ValueError
        When there is no such front end.
    MissingExtra
        When the extra `analysis` is not installed.
    """
    from pathlib import Path

    from earmark.datasets.data_frame import data_frame
    from earmark.settings import Settings

    return data_frame(None if folder is None else Path(folder), frontend, Settings.load())


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
