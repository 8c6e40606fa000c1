"""Cross-validation: folds that keep apart what they say, and answers for people and programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import NotEnoughClips
from tests.clip_tables import TINY, clip_table
from trainer.data.folds import By, cut
from trainer.offline import crossval_cli, crossvalidate

Tone = Callable[..., Path]


def test_each_clip_is_tested_once_in_four_folds_of_equal_digits() -> None:
    table = clip_table(takes=4)
    folds = cut(table, By.CLIP, seed=0)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(folds) == 4
    assert sorted(tested) == list(range(len(table)))
    assert {tuple(table.iloc[fold.test]["digit"].value_counts()) for fold in folds} == {(6,) * 10}


def test_up_to_ten_speakers_are_left_out_one_by_one() -> None:
    table = clip_table()
    folds = cut(table, By.SPEAKER, seed=0)
    assert [fold.name for fold in folds] == ["ann", "ben", "cem", "dot", "eli", "fay"]
    for fold in folds:
        assert set(table.iloc[fold.test]["speaker"]) == {fold.name}


def test_more_speakers_are_grouped_into_ten_folds_and_none_is_in_two() -> None:
    table = clip_table([f"voice{number}" for number in range(23)], takes=1)
    folds = cut(table, By.SPEAKER, seed=0)
    voices = [voice for fold in folds for voice in set(table.iloc[fold.test]["speaker"])]
    assert len(folds) == 10
    assert sorted(voices) == sorted(set(table["speaker"]))


def test_the_official_split_tests_on_takes_0_to_4() -> None:
    table = clip_table(takes=8)
    (fold,) = cut(table, By.OFFICIAL, seed=0)
    takes = {path.split("_")[2] for path in table.iloc[fold.test]["path"]}
    assert takes == {f"{take}.wav" for take in range(5)}


@pytest.mark.parametrize("by", [By.CLIP, By.SPEAKER, By.OFFICIAL])
def test_no_fold_trains_or_validates_on_what_it_tests(by: By) -> None:
    table = clip_table(takes=8)
    for job in crossvalidate.jobs_of(table, TINY, by, seed=0):
        rows = [
            {row.tobytes() for row in part.vectors}
            for part in (job.train, job.validation, job.test)
        ]
        assert sum(map(len, rows)) == len(table)
        assert len(set.union(*rows)) == len(table)


def test_one_speaker_cannot_be_left_out() -> None:
    with pytest.raises(NotEnoughClips, match="1 named speaker, and at least 2"):
        cut(clip_table(["ann"]), By.SPEAKER, seed=0)


def test_easy_clips_are_heard_in_every_fold_and_seed() -> None:
    table = clip_table(["ann", "ben"], takes=10, noise=0.2)
    answer = crossvalidate.summary(list(crossvalidate.crossval(table, TINY, By.SPEAKER, seeds=2)))
    assert [(fold["seed"], fold["fold"]) for fold in answer["folds"]] == [
        (seed, speaker) for seed in (0, 1) for speaker in ("ann", "ben")
    ]
    assert answer["mean"] > 0.9
    assert np.sum(answer["confusion"]) == answer["pooled"]["clips"] == 400


def test_the_command_prints_json_and_nothing_else(
    tmp_path: Path, tone: Tone, capsys: pytest.CaptureFixture[str]
) -> None:
    for speaker, hertz in (("ann", 300), ("ben", 330)):
        for take in range(4):
            for digit in (3, 7):
                name = f"{digit}_{speaker}_{take}.wav"
                tone(tmp_path / speaker / name, hertz=hertz * digit + take)
    status = crossval_cli.main([str(tmp_path), "--recipe", "scaled", "--by", "speaker", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert status == 0
    assert answer["recipe"] == "scaled"
    assert [fold["fold"] for fold in answer["folds"]] == ["ann", "ben"]
    assert answer["clips"] == 16


def test_the_command_says_plainly_that_a_folder_holds_no_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossval_cli.main([str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "{digit}_{speaker}_{take}.wav" in told.err
    assert "Traceback" not in told.err
