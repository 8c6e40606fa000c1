"""`labels.csv`: what it holds, and what is said about a wrong line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from earmark.annotations import labels_csv
from earmark.annotations.labels_csv import Line
from earmark.errors import LabelError
from earmark.truth import Told

AT = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)


def read(file: Path) -> list[Line]:
    return list(labels_csv.read(file))


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "var" / "labels.csv"
    said = [
        labels_csv.statement("a.wav", 7, speaker="theo", by="ann", at=AT),
        labels_csv.statement('odd "name", ü.wav', "none", speaker=None, by="ann", at=AT),
    ]

    labels_csv.append(file, said[:1])
    labels_csv.append(file, said[1:])

    assert read(file) == said
    assert file.read_text().splitlines()[0] == "path,digit,speaker,by,at"


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert read(tmp_path / "labels.csv") == []


def test_a_labels_file_that_is_a_link_is_rewritten_where_it_lies(tmp_path: Path) -> None:
    file, shared = tmp_path / "labels.csv", tmp_path / "shared.csv"
    file.symlink_to(shared.name)
    lines = [Line("a.wav", Told(7), ""), Line("b.wav", Told(1), "")]
    labels_csv.append(file, lines)

    labels_csv.rewrite(file, keep=lambda line: line.path == "b.wav")

    assert file.is_symlink()
    assert [line.path for line in read(shared)] == ["b.wav"]


def test_path_and_digit_are_enough(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("\ufeffdigit,path\n0, a.wav \n")

    assert read(file) == [Line("a.wav", Told(0, None, "labels.csv"), "")]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("file,digit\na.wav,7\n")

    with pytest.raises(LabelError, match="has no column path"):
        read(file)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a.wav,12", "'12' is no digit: give 0 to 9, or none"),
        ("a.wav,", "'' is no digit"),
        ("a.wav", "'' is no digit"),
        ("a.wav,٣", "is no digit"),
        (",7", "the path is empty"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, row: str, told: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"path,digit\nfine.wav,1\n{row}\n")

    with pytest.raises(LabelError, match=f"labels.csv, line 3: .*{told}"):
        read(file)


@pytest.mark.parametrize(("text", "digit"), [("0", 0), ("9", 9), ("none", "none")])
def test_a_digit_is_one_character_or_none(text: str, digit: object) -> None:
    assert labels_csv.parse_digit(text) == digit
