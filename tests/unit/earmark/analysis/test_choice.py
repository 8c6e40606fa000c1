"""A clip of a digit to look at: from a folder, from the store, or from the inbox."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from earmark.analysis.choice import choose
from earmark.clips import Record
from earmark.errors import EarmarkError
from earmark.settings import Settings
from earmark.store import Store
from tests.fixture_types import Label, Tone


def chosen(folder: Path | None, digit: int | None, draws: int = 0) -> list[str]:
    """The names that are chosen by so many seeds, or without chance, each once."""
    chances: list[Random | None] = [Random(seed) for seed in range(draws)]
    chances = chances or [None]
    return sorted({choose(folder, digit, Settings.load(), each).name for each in chances})


def change(store: Store, path: str, **values: object) -> None:
    [old] = store.clips.records([path])
    assert isinstance(old, Record)
    assert store.clips.swap([(old, old.but(**values))]) == [path]


def test_a_folder_gives_a_clip_whose_name_tells_the_digit(home: Path, tone: Tone) -> None:
    for name in ("3_ann_0", "ann/3_ann_1", "7_ann_0", "memo", ".hidden/3_ann_9"):
        tone(home / f"voices/{name}.wav")

    assert chosen(home / "voices", 3) == ["3_ann_0.wav"]
    assert chosen(home / "voices", 3, draws=20) == ["3_ann_0.wav", "3_ann_1.wav"]
    assert len(chosen(home / "voices", None, draws=50)) == 4


def test_a_clip_that_cannot_be_read_is_passed_over(home: Path, tone: Tone) -> None:
    (home / "voices").mkdir()
    (home / "voices/3_ann_0.wav").write_bytes(b"broken")
    tone(home / "voices/3_ann_1.wav")

    assert chosen(home / "voices", 3, draws=9) == ["3_ann_1.wav"]


def test_the_store_knows_truths_that_no_name_tells(
    online: Path, tone: Tone, store: Store, label_inbox: Label
) -> None:
    for name, amplitude in (("3_ann_0", 0.5), ("told", 0.5), ("faint", 0.02), ("loud", 0.5)):
        tone(online / f"inbox/{name}.wav", amplitude=amplitude)
    tone(online / "inbox/3_ann_9.wav").rename(online / "inbox/3_gone_0.wav")
    label_inbox(online / "inbox")
    change(store, "told.wav", truth=3, truth_by="ann")
    change(store, "3_gone_0.wav", gone=True)

    assert chosen(None, 3, draws=40) == ["3_ann_0.wav", "faint.wav", "told.wav"]


@pytest.mark.usefixtures("online")
def test_the_inbox_is_looked_into_where_the_store_knows_no_clip(home: Path, tone: Tone) -> None:
    tone(home / "inbox/3_ann_0.wav")

    assert chosen(None, 3) == ["3_ann_0.wav"]


def test_the_inbox_is_looked_into_where_no_store_answers(home: Path, tone: Tone) -> None:
    tone(home / "inbox/3_ann_0.wav")

    assert chosen(None, 3) == ["3_ann_0.wav"]


@pytest.mark.parametrize(("digit", "what"), [(3, "clip of a 3"), (None, "wav file")])
def test_where_there_is_none_it_says_how_clips_are_named(
    home: Path, digit: int | None, what: str
) -> None:
    with pytest.raises(EarmarkError, match=rf"no {what} .* inbox: .*\{{digit\}}_\{{speaker\}}"):
        chosen(None, digit)
