"""Vectors and tables as files: Parquet or CSV, written beside and renamed when they are whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.audio.names import identity_of
from earmark.audio.reader import Failed
from earmark.datasets.table import matrix
from earmark.errors import EarmarkError, MissingExtra
from earmark.files import written
from earmark.frontends import FrontEnd
from earmark.frontends.extract import Extracted, Outcome
from earmark.truth import told_by_name

if TYPE_CHECKING:
    import pandas as pd

PARQUET = ".parquet"
CSV = ".csv"
_ROWS = 1_024
"""Rows that are held in memory and written together."""


def write_vectors(outcomes: Iterable[Outcome], file: Path, front_end: FrontEnd) -> list[Failed]:
    """Write the vectors of many clips into a Parquet file, as they come.

    Columns: `path`, `digest`, `digit` and `speaker` as the name tells them, `seconds`, `rate` (Hz)
    and `vector`, float32 of fixed length. The file's metadata names the front end.

    Returns
    -------
    The clips without a vector, which are not in the file.

    Raises
    ------
    MissingExtra
        When pyarrow is not installed.
    EarmarkError
        When the file cannot be written.
    """
    arrow, parquet = _arrow()
    schema = _schema(front_end, {"seconds": arrow.float64(), "rate": arrow.int32()})
    failed: list[Failed] = []
    with written(file) as hidden, parquet.ParquetWriter(hidden, schema) as writer:
        for rows in _batches(_rows(outcomes, failed)):
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
    return failed


def write_table(table: pd.DataFrame, file: Path, front_end: FrontEnd) -> None:
    """Write a table of clips, as `earmark.datasets.table` gives it, as Parquet or CSV.

    In a CSV each value of a vector has its own column, `v0` and on.

    Raises
    ------
    EarmarkError
        When the file's name ends in neither, or it cannot be written.
    """
    match file.suffix.lower():
        case ".parquet":
            _write_parquet(table, file, front_end)
        case ".csv":
            _write_csv(table, file)
        case _:
            raise EarmarkError(f"{file} must end in {PARQUET} or {CSV}")


def _write_parquet(table: pd.DataFrame, file: Path, front_end: FrontEnd) -> None:
    arrow, parquet = _arrow()
    schema = _schema(front_end, {})
    with written(file) as hidden, parquet.ParquetWriter(hidden, schema) as writer:
        for start in range(0, len(table), _ROWS):
            rows = table.iloc[start : start + _ROWS].to_dict("list")
            writer.write_table(arrow.Table.from_pydict(rows, schema=schema))


def _write_csv(table: pd.DataFrame, file: Path) -> None:
    vectors = matrix(table)
    wide = table.drop(columns="vector")
    names = [f"v{index}" for index in range(vectors.shape[1])]
    wide[names] = vectors
    with written(file) as hidden:
        wide.to_csv(hidden, index=False)


def _rows(outcomes: Iterable[Outcome], failed: list[Failed]) -> Iterator[dict[str, object]]:
    for outcome in outcomes:
        if isinstance(outcome, Extracted):
            yield _row(outcome)
        else:
            failed.append(outcome)


def _row(outcome: Extracted) -> dict[str, object]:
    told = told_by_name(identity_of(outcome.path.name))
    return {
        "path": identity_of(str(outcome.path)),
        "digest": outcome.digest,
        "digit": told.digit,
        "speaker": told.speaker,
        "seconds": outcome.recording.seconds,
        "rate": outcome.recording.sound.rate,
        "vector": outcome.vector,
    }


def _schema(front_end: FrontEnd, more: dict[str, Any]) -> Any:
    arrow, _ = _arrow()
    fields = {"path": arrow.string(), "digest": arrow.string(), "digit": arrow.int8()}
    fields |= {"speaker": arrow.string(), **more}
    fields["vector"] = arrow.list_(arrow.float32(), front_end.dimensions)
    metadata = {"front_end": front_end.name, "fingerprint": front_end.fingerprint}
    return arrow.schema(fields, metadata=metadata)


def _batches(rows: Iterator[dict[str, object]]) -> Iterator[Sequence[dict[str, object]]]:
    while batch := list(islice(rows, _ROWS)):
        yield batch


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("analysis", "a Parquet file") from error
    return pyarrow, parquet
