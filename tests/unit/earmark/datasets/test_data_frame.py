"""The data frame of scripts and notebooks: a row for each clip, a column for each value."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import earmark
from earmark.errors import NotEnoughClips, NotRunning
from earmark.frontends import front_end
from earmark.store import Store
from earmark.store.vectors import table
from tests.fixture_types import Label, Tone

TOLD = ["path", "digest", "digit", "speaker"]
VALUES = [f"v{place}" for place in range(40)]


def furnish(folder: Path, tone: Tone) -> None:
    tone(folder / "ann/7_ann_0.wav", hertz=300)
    tone(folder / "3_bob_1.wav", hertz=400)
    tone(folder / "memo.wav", hertz=500)


def test_a_folder_gives_a_row_for_each_clip_whose_name_tells_its_digit(
    home: Path, tone: Tone
) -> None:
    furnish(home / "voices", tone)
    shutil.copy(home / "voices/3_bob_1.wav", home / "voices/3_bob_2.wav")

    clips = earmark.dataset("voices")

    assert list(clips.columns) == TOLD + VALUES
    rows = clips.sort_values("path")
    assert rows[["path", "digit", "speaker"]].to_numpy().tolist() == [
        ["voices/3_bob_1.wav", 3, "bob"],
        ["voices/ann/7_ann_0.wav", 7, "ann"],
    ]
    assert set(clips[VALUES].dtypes) == {np.dtype("float32")}
    assert clips.attrs == {"front_end": "mfcc-mean"}
    np.testing.assert_array_equal(
        clips[VALUES].to_numpy(), earmark.features(clips["path"].tolist())
    )


def test_another_front_end_has_other_columns(home: Path, tone: Tone) -> None:
    furnish(home / "voices", tone)

    clips = earmark.dataset(home / "voices", "mfcc-time")

    assert clips.columns[-1] == f"v{front_end('mfcc-time').dimensions - 1}"
    assert clips.attrs == {"front_end": "mfcc-time"}


def test_a_clip_that_cannot_be_read_is_warned_of(home: Path, tone: Tone) -> None:
    furnish(home / "voices", tone)
    (home / "voices/4_bob_0.wav").write_bytes(b"broken")

    with pytest.warns(UserWarning, match=r"left out: 1 clip below voices; .*4_bob_0\.wav: "):
        clips = earmark.dataset("voices")

    assert sorted(clips["digit"]) == [3, 7]


def test_without_a_folder_it_is_what_the_store_holds(
    online: Path, tone: Tone, label_inbox: Label
) -> None:
    furnish(online / "inbox", tone)
    label_inbox(online / "inbox")

    clips = earmark.dataset()

    assert list(clips.columns) == TOLD + VALUES
    assert sorted(clips["path"]) == ["3_bob_1.wav", "ann/7_ann_0.wav"]
    assert clips.attrs == {"front_end": "mfcc-mean"}
    pd.testing.assert_frame_equal(
        clips.drop(columns="path"), earmark.dataset("inbox").drop(columns="path")
    )


def test_clips_whose_vectors_the_store_lacks_are_warned_of(
    online: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    furnish(online / "inbox", tone)
    first = next(record for record in label_inbox(online / "inbox") if record.truth == 7)
    store.connection.hdel(table(front_end("mfcc-mean")), bytes.fromhex(str(first.digest)))

    with pytest.warns(UserWarning, match="left out: 1 clip with a truth, .* no mfcc-mean"):
        assert earmark.dataset()["digit"].tolist() == [3]


@pytest.mark.usefixtures("online")
def test_a_store_without_clips_says_how_they_come_by_a_truth() -> None:
    with pytest.raises(NotEnoughClips, match="earmark clips correct"):
        earmark.dataset()


@pytest.mark.usefixtures("home")
def test_without_a_store_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_REDIS_URL", raising=False)

    with pytest.raises(NotRunning, match="earmark up"):
        earmark.dataset()


def test_a_front_end_that_is_none_is_told_with_those_there_are(home: Path) -> None:
    with pytest.raises(ValueError, match="mfcc-mean"):
        earmark.dataset(home, "mfcc-meen")
