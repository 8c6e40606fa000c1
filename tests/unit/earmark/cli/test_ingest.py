"""The command that brings clips in: lines for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earmark.annotations import labels_csv
from earmark.errors import NotRunning
from earmark.store import Store
from earmark.truth import Told
from tests.command_line import answer, call
from tests.fixture_types import Label, Tone


def test_ingest_tells_what_it_did_in_one_line(home: Path, tone: Tone) -> None:
    tone(home / "voices/01/7_01_0.wav")

    result = call("ingest", home / "voices")

    assert result.stdout == (
        "1 clip into inbox (1 linked, 0 copied), 0 there already, 0 refused, 0 new labels\n"
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
