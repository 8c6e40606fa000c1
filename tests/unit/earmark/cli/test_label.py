"""Commands about files that need no server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import earmark
from earmark.errors import ClipError, EarmarkError, NoModel
from earmark.frontends import FRONT_ENDS, front_end
from tests.command_line import answer, call
from tests.fixture_types import Tone
from tests.tiny_models import FIRST as VERSION


def test_label_answers_in_the_form_that_programs_read(home: Path, tone: Tone) -> None:
    loud = tone(home / "loud.wav")
    doubtful = tone(home / "doubtful.wav", amplitude=0.1)

    first, second = answer("label", loud, doubtful)

    assert list(first) == ["path", "label", "confidence", "top", "model", "state"]
    assert first["path"] == str(loud)
    assert (first["label"], first["state"], first["model"]) == (7, "labelled", VERSION)
    assert first["top"][0] == [7, first["confidence"]]
    assert len(first["top"]) == 3
    assert second["state"] == "unsure"


def test_files_that_cannot_be_labelled_come_last_with_their_reasons(home: Path, tone: Tone) -> None:
    (home / "broken.wav").write_bytes(b"broken")
    good = tone(home / "good.wav")

    result = call("label", home / "broken.wav", home / "missing.wav", good, "--json")

    first, *rest = json.loads(result.stdout)
    assert first["path"] == str(good)
    assert [list(each) for each in rest] == [["path", "state", "reason"]] * 2
    assert [each["state"] for each in rest] == ["failed", "failed"]
    assert rest[1]["reason"] == "there is no such file"
    assert result.exit_code == 1


def test_a_truncated_file_is_labelled_and_unsure_and_no_failure(home: Path, tone: Tone) -> None:
    whole = tone(home / "7_ann_0.wav", seconds=1.0).read_bytes()
    (home / "cut.wav").write_bytes(whole[:10_000])

    result = call("label", "cut.wav", "7_ann_0.wav", "--json")

    cut, good = json.loads(result.stdout)
    assert (cut["label"], cut["state"]) == (7, "unsure")
    assert cut["reason"] == "the file is truncated: it declares 1.0 s, holds 0.6 s"
    assert (good["state"], "reason" in good) == ("labelled", False)
    assert result.exit_code == 0


def test_a_folder_is_labelled_with_all_wavs_below_it(home: Path, tone: Tone) -> None:
    tone(home / "voices/b/2.wav", amplitude=0.02)
    tone(home / "voices/1.WAV")
    tone(home / "voices/.hidden/3.wav")
    (home / "empty").mkdir()

    heard = json.loads(call("label", "voices", "empty", "--json").stdout)

    assert [(each["path"], each.get("label")) for each in heard] == [
        ("voices/1.WAV", 7),
        ("voices/b/2.wav", 3),
        ("empty", None),
    ]


def test_label_shows_a_table_to_people(home: Path, tone: Tone) -> None:
    tone(home / "loud.wav")

    result = call("label", "loud.wav")

    assert result.stdout.splitlines()[0].split() == ["path", "label", "confidence", "state"]
    assert result.stdout.splitlines()[1].split() == ["loud.wav", "7", "1.00", "labelled"]
    assert result.exit_code == 0


def test_a_name_cannot_command_the_terminal(home: Path, tone: Tone) -> None:
    tone(home / "red\x1b[31m.wav")

    assert "red?[31m.wav" in call("label", "red\x1b[31m.wav").stdout


def test_without_a_model_there_is_one_line_that_says_what_to_do(
    home: Path, tone: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.model.registry.shipped_models", lambda: home / "none")
    monkeypatch.setenv("EARMARK_MODELS", str(home / "models"))

    with pytest.raises(NoModel, match="earmark train"):
        call("label", tone(home / "a.wav"))


def test_features_are_the_front_ends_vectors(home: Path, tone: Tone) -> None:
    clip = tone(home / "a.wav")

    [row] = answer("features", clip, "--frontend", "mfcc-mean")

    assert list(row) == ["path", "vector"]
    np.testing.assert_allclose(row["vector"], earmark.features(clip), rtol=1e-6)


def test_features_of_a_broken_file_fail_after_the_good_ones(home: Path, tone: Tone) -> None:
    (home / "broken.wav").write_bytes(b"")
    tone(home / "good.wav")

    result = call("features", "broken.wav", "good.wav", "--json")

    rows = json.loads(result.stdout)
    assert [(row["path"], row.get("state")) for row in rows] == [
        ("good.wav", None),
        ("broken.wav", "failed"),
    ]
    assert result.exit_code == 1


def test_features_of_many_go_into_a_parquet_file(home: Path, tone: Tone) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for take in range(130):
        tone(home / f"voices/7_ann_{take}.wav", hertz=300 + take, seconds=0.02)
    (home / "voices/broken.wav").write_bytes(b"broken")

    result = call("features", "voices", "--out", "v.parquet", "--jobs", 2)

    table = parquet.read_table("v.parquet")
    assert table.column_names == [
        "path", "digest", "digit", "speaker", "seconds", "rate", "vector",
    ]  # fmt: skip
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["path"], first["digit"], first["speaker"]) == ("voices/7_ann_0.wav", 7, "ann")
    assert (first["seconds"], first["rate"], len(first["vector"])) == (0.02, 8_000, 40)
    assert table.num_rows == 130
    chosen = front_end("mfcc-mean")
    assert table.schema.metadata[b"front_end"] == chosen.name.encode()
    assert table.schema.metadata[b"fingerprint"] == chosen.fingerprint.encode()
    assert "broken.wav" in result.stderr
    assert result.exit_code == 1
    assert {path.name for path in home.iterdir()} == {"inbox", "voices", "v.parquet"}


def test_features_go_into_a_csv_file_where_the_name_says_so(home: Path, tone: Tone) -> None:
    pandas = pytest.importorskip("pandas")
    clip = tone(home / "7_ann_0.wav")

    call("features", clip, "--out", "v.csv")

    [row] = pandas.read_csv("v.csv").to_dict("records")
    assert (row["digit"], row["speaker"], row["rate"]) == (7, "ann", 8_000)
    values = np.array([row[f"v{index}"] for index in range(40)], np.float32)
    np.testing.assert_array_equal(values, earmark.features(clip))


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["features", "a.wav", "--out", "v.npy"], r"v\.npy must end in \.parquet or \.csv"),
        (["features", "a.wav", "--out", "pipe.csv"], "pipe.csv is a pipe"),
        (["features", "a.wav", "--out", "new/v.csv"], "there is no folder new"),
        (["inspect", "a.wav", "--out", "pipe.csv"], "pipe.csv is a pipe"),
        (["inspect", "--digits", "inbox", "--out", "new/v.png"], "there is no folder new"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_none_for_a_new_file_is_refused_before_anything_is_read(
    home: Path, command: list[str], reason: str
) -> None:
    os.mkfifo("pipe.csv")

    with pytest.raises(EarmarkError, match=reason):
        call(*command)

    assert {path.name for path in home.iterdir()} == {"inbox", "pipe.csv"}


def test_a_front_end_that_is_none_is_a_usage_error(home: Path) -> None:
    result = call("features", "a.wav", "--frontend", "mfcc-meen")

    assert result.exit_code == 2
    assert f"there are {', '.join(FRONT_ENDS)}" in result.stderr


def test_inspect_draws_a_clip_and_tells_what_is_heard_and_where_the_picture_is(
    home: Path, tone: Tone
) -> None:
    tone(home / "a.wav", seconds=0.5)

    lines = call("inspect", "a.wav").stdout.splitlines()

    assert lines[0] == "clip      0.500 seconds at 8,000 Hz"
    assert "(40, 22)" in lines[1]
    assert lines[2].startswith("heard     7 (1.00), ")
    assert lines[2].endswith(f"by model {VERSION}: labelled")
    assert lines[3] == f"picture   {home / 'a.inspect.png'}"
    assert (home / "a.inspect.png").exists()


def test_inspect_names_a_file_that_is_not_there(home: Path) -> None:
    with pytest.raises(ClipError, match=r"^nosuch\.wav: there is no such file$"):
        call("inspect", "nosuch.wav")


def test_inspect_names_a_folder_that_is_not_there(home: Path) -> None:
    with pytest.raises(EarmarkError, match=r"^there is no folder nosuch$"):
        call("inspect", "--digits", "nosuch")


def test_a_file_that_is_not_there_is_named_so_by_the_functions_too(home: Path) -> None:
    assert earmark.label("nosuch.wav").reason == "there is no such file"
    with pytest.raises(ClipError, match=r"nosuch\.wav: there is no such file"):
        earmark.features("nosuch.wav")


def test_audio_that_is_no_wav_is_named_with_the_command_that_converts_it(
    home: Path, tone: Tone
) -> None:
    (home / "voices").mkdir()
    (home / "voices/a b.mp3").write_bytes(b"ID3\4" + bytes(90))
    (home / "voices/README").write_text("About")

    [row] = json.loads(call("label", "voices", "--json").stdout)

    assert row["reason"] == "it is MP3 audio, no wav; convert it: ffmpeg -i 'a b.mp3' 'a b.wav'"


def test_the_vectors_of_a_name_that_is_no_utf8_go_into_a_file(home: Path, tone: Tone) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    try:
        tone(home / "voices" / os.fsdecode(b"7_jos\xe9_0.wav"))
    except OSError:
        pytest.skip("this file system takes only valid names")

    call("features", "voices", "--out", "v.parquet")

    [row] = parquet.read_table("v.parquet").to_pylist()
    assert (row["path"], row["speaker"]) == ("voices/7_jos\\xe9_0.wav", "jos\\xe9")


def test_inspect_draws_a_sheet_of_digits(home: Path, tone: Tone) -> None:
    tone(home / "voices/7_ann_0.wav")

    result = call("inspect", "--digits", "voices", "--out", "sheet.png")

    assert result.stdout.splitlines()[-1] == f"picture   {home / 'sheet.png'}"
    assert (home / "sheet.png").exists()


def test_inspect_chooses_a_clip_of_a_digit_from_the_inbox(home: Path, tone: Tone) -> None:
    tone(home / "inbox/3_ann_0.wav")
    tone(home / "inbox/7_ann_0.wav")

    lines = call("inspect", "--digit", 3, "--random").stdout.splitlines()

    assert lines[0] == f"file      {home / 'inbox/3_ann_0.wav'}"
    assert lines[1] == "clip      0.200 seconds at 8,000 Hz"
    assert (home / "3_ann_0.inspect.png").exists()


def test_inspect_chooses_from_the_folder_that_is_named(home: Path, tone: Tone) -> None:
    tone(home / "inbox/3_ann_0.wav")
    tone(home / "voices/3_bob_0.wav")

    result = call("inspect", "voices", "--digit", 3, "--random", "--out", "a.png")

    assert result.stdout.splitlines()[0] == "file      voices/3_bob_0.wav"
    assert (home / "a.png").exists()


@pytest.mark.parametrize("choice", [["--digit", "3"], ["--random"]])
def test_inspect_chooses_from_no_file(home: Path, tone: Tone, choice: list[str]) -> None:
    tone(home / "3_ann_0.wav")

    result = call("inspect", "3_ann_0.wav", *choice)

    assert result.exit_code == 2
    assert "3_ann_0.wav is no folder" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["a.wav", "--digits", "voices"], ["--digits", "voices", "--digit", "3"]],
)
def test_inspect_wants_a_file_or_a_folder(home: Path, arguments: list[str]) -> None:
    result = call("inspect", *arguments)

    assert result.exit_code == 2
    assert "give a FILE, or --digits FOLDER" in result.stderr
