"""The commands about files, as a person or a program calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import earmark
from earmark.annotations import labels_csv
from earmark.cli import dataset, ingest  # noqa: F401 - they register their commands
from earmark.cli.app import app
from earmark.clips import Record
from earmark.errors import ClipError, EarmarkError, NoModel, NotEnoughClips, NotRunning
from earmark.frontends import FRONT_ENDS, front_end
from earmark.store import Store
from earmark.truth import Told
from tests.tiny_models import FIRST as VERSION

Tone = Callable[..., Path]
Label = Callable[[Path], list[Record]]

COMMANDS = (
    ["samples"],
    ["ingest"],
    ["label"],
    ["features"],
    ["sort"],
    ["inspect"],
    ["dataset"],
    ["dataset", "export"],
)


def call(*arguments: object) -> Result:
    """Call the command; an error of ours is raised, as `main` would see it."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, EarmarkError):
        raise result.exception
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def answer(*arguments: object) -> Any:
    return json.loads(call(*arguments, "--json").stdout)


def earmark_command(
    repository: Path, *arguments: object, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(repository), **more}
    return subprocess.run(
        [sys.executable, "-m", "earmark", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_shows_an_example(command: Sequence[str]) -> None:
    text = call(*command, "--help").stdout

    assert f"Example: earmark {' '.join(command)} " in " ".join(text.split())


def test_the_help_loads_nothing_heavy(repository: Path) -> None:
    program = (
        "import sys; sys.argv = ['earmark', '--help']\n"
        "from earmark.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pydantic', 'redis', 'celery', 'tqdm'} & sys.modules.keys()))\n"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )

    assert shown.stdout.splitlines()[-1] == "[]"


def test_importing_earmark_loads_nothing_else(repository: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); import earmark\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "['earmark']"


def test_samples_are_spoken_into_a_folder_a_speaker(home: Path) -> None:
    pytest.importorskip("espeakng_loader")

    result = call("samples", home / "voices", "--speakers", 2, "--takes", 1)

    assert result.stdout.startswith("20 clips of 2 speakers are in ")
    assert len(list(home.glob("voices/*/*.wav"))) == 20
    assert result.stderr == ""  # bars are for terminals


def test_ingest_tells_what_it_did_in_one_line(home: Path, tone: Tone) -> None:
    tone(home / "voices/01/7_01_0.wav")

    result = call("ingest", home / "voices")

    assert result.stdout == (
        "1 clips into inbox (1 linked, 0 copied), 0 there already, 0 refused, 0 new labels\n"
    )
    assert (home / "inbox/01/7_01_0.wav").exists()


def test_ingest_names_what_it_refused_and_says_so_by_its_exit_code(home: Path, tone: Tone) -> None:
    tone(home / "voices/a.wav")

    result = call("ingest", home / "voices", home / "nowhere", "--json")

    assert json.loads(result.stdout) == {
        "linked": 1,
        "copied": 0,
        "already": 0,
        "refused": [{"path": str(home / "nowhere"), "reason": "there is no such file or folder"}],
        "labels": 0,
    }
    assert result.exit_code == 1


def test_ingest_keeps_the_truth_of_a_labels_file_with_no_server(home: Path, tone: Tone) -> None:
    tone(home / "voices/a.wav")
    (home / "voices/labels.csv").write_text("path,digit\na.wav,4\n")

    assert answer("ingest", home / "voices")["labels"] == 1

    [line] = labels_csv.read(home / "var/labels.csv")
    assert (line.path, line.told) == ("a.wav", Told(4, None, "labels.csv"))


def test_ingest_tells_the_store_where_it_answers(online: Path, tone: Tone, store: Store) -> None:
    tone(online / "voices/a.wav")
    (online / "voices/labels.csv").write_text("path,digit\na.wav,4\n")

    call("ingest", online / "voices")

    [told] = store.clips.corrections(["a.wav"])
    assert told is not None
    assert told.digit == 4


def test_ingest_waits_until_all_is_labelled(online: Path, tone: Tone, label_inbox: Label) -> None:
    tone(online / "inbox/a.wav")
    label_inbox(online / "inbox")
    tone(online / "voices/a.wav")
    (online / "voices/a.wav").unlink()
    (online / "voices/a.wav").hardlink_to(online / "inbox/a.wav")

    seen = answer("ingest", online / "voices", "--wait")

    assert seen["already"] == 1
    assert seen["states"] == {"labelled": 1}


def test_waiting_needs_the_store_and_brings_nothing_without_it(home: Path, tone: Tone) -> None:
    tone(home / "voices/a.wav")

    with pytest.raises(NotRunning, match="earmark up"):
        call("ingest", home / "voices", "--wait")

    assert list((home / "inbox").iterdir()) == []


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


def test_a_misspelt_setting_stops_the_program_with_the_right_name(
    home: Path, repository: Path
) -> None:
    ended = earmark_command(repository, "label", "a.wav", EARMARK_MODEL="x")

    assert ended.returncode == 2
    assert ended.stderr == "earmark: EARMARK_MODEL is no setting; did you mean EARMARK_MODELS?\n"


def test_an_error_is_one_line_and_exit_code_1(home: Path, repository: Path) -> None:
    ended = earmark_command(repository, "sort", "sorted")

    assert ended.returncode == 1
    assert ended.stderr.startswith("earmark: nothing answers at unix://")
    assert len(ended.stderr.splitlines()) == 1


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


def test_a_front_end_that_is_none_is_a_usage_error(home: Path) -> None:
    result = call("features", "a.wav", "--frontend", "mfcc-meen")

    assert result.exit_code == 2
    assert f"there are {', '.join(FRONT_ENDS)}" in result.stderr


def test_sort_lays_the_labelled_clips_into_folders(
    online: Path, tone: Tone, label_inbox: Label
) -> None:
    tone(online / "inbox/loud.wav")
    tone(online / "inbox/faint.wav", amplitude=0.02)
    tone(online / "inbox/doubtful.wav", amplitude=0.1)
    label_inbox(online / "inbox")

    seen = answer("sort", "sorted", "--unsure")

    assert seen["folders"] == {"3": 1, "7": 1, "unsure": 1}
    assert (online / "sorted/7/loud.wav").exists()
    assert (online / "sorted/3/faint.wav").exists()
    assert (online / "sorted/unsure/doubtful.wav").exists()
    again = call("sort", "sorted")
    assert "2 clips in sorted: 0 linked, 0 copied, 2 already" in again.stdout


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


def test_inspect_draws_a_sheet_of_digits(home: Path, tone: Tone) -> None:
    tone(home / "voices/7_ann_0.wav")

    result = call("inspect", "--digits", "voices", "--out", "sheet.png")

    assert result.stdout.splitlines()[-1] == f"picture   {home / 'sheet.png'}"
    assert (home / "sheet.png").exists()


@pytest.mark.parametrize("arguments", [[], ["a.wav", "--digits", "voices"]])
def test_inspect_wants_a_file_or_a_folder(home: Path, arguments: list[str]) -> None:
    result = call("inspect", *arguments)

    assert result.exit_code == 2
    assert "give a FILE, or --digits FOLDER" in result.stderr


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


def test_dataset_exports_to_nothing_else(online: Path, tone: Tone, label_inbox: Label) -> None:
    tone(online / "inbox/7_ann_0.wav")
    label_inbox(online / "inbox")

    with pytest.raises(EarmarkError, match=r"must end in \.parquet or \.csv"):
        call("dataset", "export", "clips.xlsx")


def test_scripts_label_one_file_or_several(home: Path, tone: Tone) -> None:
    loud, faint = tone(home / "loud.wav"), tone(home / "faint.wav", amplitude=0.02)

    assert earmark.label(loud).label == 7
    assert earmark.label(str(loud)).as_json()["state"] == "labelled"
    assert [heard.label for heard in earmark.label([loud, faint])] == [7, 3]
    assert earmark.label(home / "missing.wav").state == "failed"


def test_scripts_extract_one_vector_or_several(home: Path, tone: Tone) -> None:
    one, other = tone(home / "a.wav"), tone(home / "b.wav", hertz=800)

    assert earmark.features(one).shape == (40,)
    assert earmark.features([one, other]).shape == (2, 40)
    assert earmark.features([]).shape == (0, 40)
    with pytest.raises(ClipError, match=r"missing\.wav: "):
        earmark.features([one, home / "missing.wav"])


def test_the_version_is_told_only_when_asked_for() -> None:
    assert isinstance(earmark.__version__, str)
    with pytest.raises(AttributeError):
        earmark.nothing  # noqa: B018
