"""Clips with a truth as a data frame with a column for each value, for scripts and notebooks."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from earmark.audio.reader import Failed
from earmark.datasets.table import from_folder, matrix, some_from_store
from earmark.frontends import FrontEnd, front_end
from earmark.settings import Settings
from earmark.store import Store
from earmark.terminal import printable
from earmark.wording import counted

if TYPE_CHECKING:
    import pandas as pd

_FOLDERS_OWN = "mfcc-mean"
"""Front end for a folder when none is named: the notebook's."""


def data_frame(folder: Path | None, frontend: str | None, settings: Settings) -> pd.DataFrame:
    """What `earmark.dataset` gives, see there."""
    if folder is not None:
        chosen = front_end(frontend or _FOLDERS_OWN)
        return _wide(_of_folder(folder, chosen, settings), chosen)
    store = Store.at(settings.store_url)
    live = store.board.live()
    chosen = front_end(frontend or (live.front_end if live else _FOLDERS_OWN))
    return _wide(_of_store(store, chosen), chosen)


def _of_store(store: Store, chosen: FrontEnd) -> pd.DataFrame:
    stored = some_from_store(store, chosen)
    if stored.lacking:
        _warn(
            f"left out: {counted(len(stored.lacking), 'clip')} with a truth, for "
            f"the store has no {chosen.name} vector of them"
        )
    return stored.table


def _of_folder(folder: Path, chosen: FrontEnd, settings: Settings) -> pd.DataFrame:
    failed: list[Failed] = []
    table = from_folder(
        folder, chosen, settings.limits, discovery=settings.discovery, refused=failed.append
    )
    if failed:
        first = failed[0]
        _warn(
            f"left out: {counted(len(failed), 'clip')} below {printable(folder)}; "
            f"the first is {printable(first.path)}: {first.reason}"
        )
    return table


def _wide(table: pd.DataFrame, chosen: FrontEnd) -> pd.DataFrame:
    import pandas

    vectors = matrix(table) if len(table) else np.empty((0, chosen.dimensions), np.float32)
    names = [f"v{place}" for place in range(chosen.dimensions)]
    values = pandas.DataFrame(vectors, columns=names, index=table.index)
    wide = pandas.concat([table.drop(columns="vector"), values], axis="columns")
    wide.attrs["front_end"] = chosen.name
    return wide


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
