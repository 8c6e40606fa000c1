"""A cross-validation as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clip_tables import TINY, clip_table
from trainer.data.folds import By
from trainer.offline.crossval_text import as_text
from trainer.offline.crossvalidate import crossval, summary
from trainer.recipes import NOTEBOOK


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    tested = list(crossval(clip_table(["ann", "ben"]), TINY, By.SPEAKER))
    told = {"recipe": "tiny", "front_end": "mfcc-mean", "by": "speaker", "clips": 100}
    return told | {"speakers": 2} | summary(tested)


def test_it_names_every_fold_and_their_mean(answer: dict[str, Any]) -> None:
    lines = list(as_text(answer))

    assert lines[0] == "tiny (mfcc-mean), by speaker: 100 clips, 2 speakers"
    assert [line.split()[0] for line in lines if " s" in line[-2:]] == ["ann", "ben"]
    assert any(line.startswith(f"mean {answer['mean']:.4f}") for line in lines)


def test_it_shows_the_net_once_the_history_and_the_report(answer: dict[str, Any]) -> None:
    lines = list(as_text(answer))
    history = answer["folds"][0]["history"]

    assert sum("parameters" in line for line in lines) == 1
    assert [line.split()[0] for line in lines if "Dense" in line] == ["hidden_1", "digits"]
    first = next(place for place, line in enumerate(lines) if "epoch" in line)
    last = next(place for place, line in enumerate(lines) if line.startswith("means"))
    epochs = [line.split()[0] for line in lines[first + 1 : last]]
    assert (epochs[0], epochs[-1], len(epochs)) == ("1", str(len(history["loss"])), 11)
    assert any("precision    recall  f1-score" in line for line in lines)
    assert "\n".join(lines).count("precision") == 1


def test_the_notebooks_net_has_its_parameters_and_a_real_history_of_each_fold() -> None:
    tested = list(crossval(clip_table(["ann", "ben"], takes=2), NOTEBOOK, By.SPEAKER))
    seen = summary(tested)

    assert seen["net"]["parameters"] == 25_310
    assert [layer["parameters"] for layer in seen["net"]["layers"]] == [
        4_100,
        10_100,
        10_100,
        1_010,
    ]
    for fold in seen["folds"]:
        assert len(fold["history"]["loss"]) == len(fold["history"]["accuracy"]) == 100
        assert fold["history"]["loss"][0] > fold["history"]["loss"][-1]
    assert seen["report"]["7"].keys() == {"precision", "recall", "f1-score", "support"}
    assert seen["report"]["7"]["support"] == 4
    assert (
        sum(
            1
            for line in as_text(
                seen
                | {
                    "recipe": "notebook",
                    "front_end": "mfcc-mean",
                    "by": "speaker",
                    "clips": 40,
                    "speakers": 2,
                }
            )
        )
        < 60
    )
