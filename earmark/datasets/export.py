"""Vectors and tables as files: Parquet or CSV, written beside and renamed when they are whole."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.audio.names import identity_of
from earmark.audio.reader import Failed
from earmark.errors import EarmarkError, MissingExtra
from earmark.files import insist_on_target, written
from earmark.frontends import FrontEnd
from earmark.frontends.extract import Extracted, Outcome
from earmark.truth import told_by_name

if TYPE_CHECKING:
    import pandas as pd

PARQUET = ".parquet"
CSV = ".csv"
_TOLD = ("path", "digest", "digit", "speaker")
_ROWS = 1_024
"""Rows that are held in memory and written together."""


def insist_on_form(file: Path) -> None:
    """Refuse a name that tells no form, or that nobody can mean for a new file.

    Raises
    ------
    EarmarkError
        When it ends in neither `.parquet` nor `.csv`, or cannot be a new file's.
    """
    if file.suffix.lower() not in (PARQUET, CSV):
        raise EarmarkError(f"{file} must end in {PARQUET} or {CSV}")
    insist_on_target(file)


def write_vectors(outcomes: Iterable[Outcome], file: Path, front_end: FrontEnd) -> list[Failed]:
    """Write the vectors of many clips into a Parquet or CSV file, as they come.

    Columns: `path`, `digest`, `digit` and `speaker` as the name tells them, `seconds`, `rate` (Hz)
    and `vector`, float32 of fixed length; in a CSV each of its values has its own column, `v0` and
    on. A Parquet file's metadata names the front end.

    Returns
    -------
    The clips without a vector, which are not in the file.

    Raises
    ------
    MissingExtra
        When pyarrow is not installed, for Parquet.
    EarmarkError
        When the file's name ends in neither, or it cannot be written.
    """
    failed: list[Failed] = []
    _write(_rows(outcomes, failed), file, front_end, ("seconds", "rate"))
    return failed


def write_table(table: pd.DataFrame, file: Path, front_end: FrontEnd) -> None:
    """Write a table of clips, as `earmark.datasets.table` gives it, in the same forms.

    Raises
    ------
    MissingExtra
        When pyarrow is not installed, for Parquet.
    EarmarkError
        When the file's name ends in neither, or it cannot be written.
    """
    rows = (
        {**dict(zip(table.columns, row, strict=True)), "path": identity_of(row[0])}
        for row in table.itertuples(index=False, name=None)
    )
    _write(rows, file, front_end, ())


def _write(
    rows: Iterator[dict[str, Any]], file: Path, front_end: FrontEnd, more: Sequence[str]
) -> None:
    insist_on_form(file)
    if file.suffix.lower() == CSV:
        _write_csv(rows, file, front_end, more)
    else:
        _write_parquet(rows, file, front_end, more)


def _write_parquet(
    rows: Iterator[dict[str, Any]], file: Path, front_end: FrontEnd, more: Sequence[str]
) -> None:
    arrow, parquet = _arrow()
    schema = _schema(front_end, more)
    with written(file) as hidden, parquet.ParquetWriter(hidden, schema) as writer:
        for batch in _batches(rows):
            writer.write_table(arrow.Table.from_pylist(batch, schema=schema))


def _write_csv(
    rows: Iterator[dict[str, Any]], file: Path, front_end: FrontEnd, more: Sequence[str]
) -> None:
    told = (*_TOLD, *more)
    with written(file) as hidden, hidden.open("x", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow([*told, *(f"v{index}" for index in range(front_end.dimensions))])
        writer.writerows(
            [*(row[name] for name in told), *row["vector"].astype(str)] for row in rows
        )


def _rows(outcomes: Iterable[Outcome], failed: list[Failed]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        if isinstance(outcome, Extracted):
            yield _row(outcome)
        else:
            failed.append(outcome)


def _row(outcome: Extracted) -> dict[str, Any]:
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


def _schema(front_end: FrontEnd, more: Sequence[str]) -> Any:
    arrow, _ = _arrow()
    types = {"digit": arrow.int8(), "seconds": arrow.float64(), "rate": arrow.int32()}
    fields = {name: types.get(name, arrow.string()) for name in (*_TOLD, *more)}
    fields["vector"] = arrow.list_(arrow.float32(), front_end.dimensions)
    metadata = {"front_end": front_end.name, "fingerprint": front_end.fingerprint}
    return arrow.schema(fields, metadata=metadata)


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    while batch := list(islice(rows, _ROWS)):
        yield batch


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("analysis", "a Parquet file") from error
    return pyarrow, parquet
