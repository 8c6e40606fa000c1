"""Tables and vectors as files: the same values in both forms."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from earmark.datasets.export import write_table
from earmark.datasets.table import frame, matrix
from earmark.frontends import front_end
from earmark.frontends.mfcc_time import MfccTime

FRONT_END = front_end("mfcc-time")


@pytest.fixture
def table() -> pd.DataFrame:
    """Three clips of 240 values: one without a speaker, one whose name is no UTF-8."""
    assert isinstance(FRONT_END, MfccTime)
    vectors = np.random.default_rng(0).normal(0, 1e-3, (3, FRONT_END.dimensions))
    names = ("7_ann_0.wav", "memo, with a comma.wav", "caf\udce9.wav")
    rows = zip(names, ("aa", "bb", "cc"), (7, 3, 0), ("ann", None, "bob"), strict=True)
    return frame(
        (*row, vector.astype(np.float32)) for row, vector in zip(rows, vectors, strict=True)
    )


@pytest.mark.parametrize("name", ["clips.parquet", "clips.CSV"])
def test_a_clip_without_a_speaker_is_written_as_all_others(
    tmp_path: Path, table: pd.DataFrame, name: str
) -> None:
    file = tmp_path / name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_table(table, file, FRONT_END)

    read = pd.read_parquet(file) if name.endswith("parquet") else pd.read_csv(file)
    assert read["path"].tolist() == ["7_ann_0.wav", "memo, with a comma.wav", r"caf\xe9.wav"]
    assert read["digit"].tolist() == [7, 3, 0]
    assert read["speaker"].isna().tolist() == [False, True, False]
    wide = read.filter(regex=r"^v\d").to_numpy(np.float32)
    found = matrix(read) if name.endswith("parquet") else wide
    np.testing.assert_array_equal(found, matrix(table))


def test_a_table_holds_none_where_nobody_is_named(table: pd.DataFrame) -> None:
    assert table["speaker"].tolist() == ["ann", None, "bob"]
