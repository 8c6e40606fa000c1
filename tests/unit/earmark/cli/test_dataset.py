"""The commands about what the store holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from earmark.errors import EarmarkError, NotEnoughClips
from tests.command_line import answer, call
from tests.fixture_types import Label, Tone


def test_dataset_shows_what_the_store_holds(online: Path, tone: Tone, label_inbox: Label) -> None:
    for number, name in enumerate(("7_ann_0", "7_bob_0", "3_ann_0", "memo")):
        tone(online / f"inbox/{name}.wav", hertz=300 + 50 * number)
    label_inbox(online / "inbox")

    seen = answer("dataset")

    assert seen["shape"] == [3, 41]
    assert seen["digits"] == {"3": 1, "7": 2}
    assert seen["speakers"] == {"ann": 2, "bob": 1}
    assert seen["describe"]["count"] == 120
    assert {row["path"] for row in seen["head"]} == {"7_ann_0.wav", "7_bob_0.wav", "3_ann_0.wav"}
    assert "digits    3: 1, 7: 2" in call("dataset").stdout


def test_dataset_draws_what_the_store_holds(online: Path, tone: Tone, label_inbox: Label) -> None:
    for number, name in enumerate(("7_ann_0", "3_bob_0", "3_ann_1")):
        tone(online / f"inbox/{name}.wav", hertz=300 + 50 * number)
    label_inbox(online / "inbox")

    result = call("dataset", "--out", "seen.png")

    assert result.stdout.splitlines()[-1] == f"picture   {online / 'seen.png'}"
    assert (online / "seen.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_dataset_says_how_to_fill_it(online: Path) -> None:
    with pytest.raises(NotEnoughClips, match="ingest clips named"):
        call("dataset")


def test_programs_read_that_an_empty_dataset_has_no_clips(online: Path) -> None:
    seen = answer("dataset")

    assert seen == {
        "front_end": "mfcc-mean", "shape": [0, 41], "head": [], "describe": {},
        "digits": {}, "speakers": {}, "lacking": 0,
    }  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_empty_store_has_no_suspects_and_says_how_to_fill_it(
    online: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    from trainer.offline.label_errors import main

    assert main(more) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("suspects: the store holds no mfcc-time vector of a clip")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_dataset_exports_the_same_table(
    online: Path, tone: Tone, label_inbox: Label, suffix: str
) -> None:
    pandas = pytest.importorskip("pandas")
    tone(online / "inbox/7_ann_0.wav")
    label_inbox(online / "inbox")

    call("dataset", "export", f"clips.{suffix}")

    read = pandas.read_parquet if suffix == "parquet" else pandas.read_csv
    table = read(f"clips.{suffix}")
    assert table[["path", "digit", "speaker"]].values.tolist() == [["7_ann_0.wav", 7, "ann"]]
    vector = table["vector"][0] if suffix == "parquet" else table.filter(regex=r"^v\d").iloc[0]
    assert len(vector) == 40


@pytest.mark.parametrize(
    "command", [["--out", "new/seen.png"], ["export", "new/clips.csv"]], ids=" ".join
)
def test_a_name_in_a_folder_that_is_not_there_is_refused(online: Path, command: list[str]) -> None:
    with pytest.raises(EarmarkError, match="there is no folder new"):
        call("dataset", *command)

    assert not (online / "new").exists()


def test_dataset_exports_to_nothing_else(online: Path, tone: Tone, label_inbox: Label) -> None:
    tone(online / "inbox/7_ann_0.wav")
    label_inbox(online / "inbox")

    with pytest.raises(EarmarkError, match=r"must end in \.parquet or \.csv"):
        call("dataset", "export", "clips.xlsx")
