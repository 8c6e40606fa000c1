"""Sticky splits: no clip and no speaker ever wanders from test to train."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest

from tests.clip_tables import VOICES, clip_table
from trainer.data.splits import Side, Split, place_speakers, split

SIDES = tuple(Side)


def digests(parts: Split, side: Side) -> set[str]:
    return set(parts.of(side)["digest"])


def held_out(places: dict[str, Side]) -> set[str]:
    return {name for name, side in places.items() if side is Side.NEW_VOICES}


def names(count: int) -> list[str]:
    return [f"voice{number}" for number in range(count)]


def test_the_sides_are_the_whole_table_and_share_no_clip() -> None:
    table = clip_table()
    parts = split(table, earlier={}, validation_share=0.1)
    for one, other in combinations(SIDES, 2):
        assert not digests(parts, one) & digests(parts, other)
    assert set.union(*(digests(parts, side) for side in SIDES)) == set(table["digest"])
    assert sum(parts.counts.values()) == len(table)


def test_a_speaker_who_is_held_out_is_on_no_other_side() -> None:
    parts = split(clip_table(), earlier={}, validation_share=0.1)
    new = set(parts.new_voices["speaker"])
    assert len(new) == 1
    for side in (Side.TRAIN, Side.VALIDATION, Side.KNOWN_VOICES):
        assert not new & set(parts.of(side)["speaker"])


def test_a_quarter_of_the_other_clips_tests_known_voices_and_a_tenth_of_the_rest_validates() -> (
    None
):
    parts = split(clip_table(takes=40), earlier={}, validation_share=0.1)
    others = len(parts.train) + len(parts.validation) + len(parts.known_voices)
    assert len(parts.known_voices) / others == pytest.approx(0.25, abs=0.03)
    assert len(parts.validation) / (others - len(parts.known_voices)) == pytest.approx(
        0.1, abs=0.03
    )


def test_no_clip_changes_its_side_when_clips_of_the_same_speakers_come() -> None:
    before = split(clip_table(takes=3), earlier={}, validation_share=0.1)
    after = split(clip_table(takes=9), earlier=before.speakers, validation_share=0.1)
    for side in SIDES:
        assert digests(before, side) <= digests(after, side)


def test_no_clip_and_no_speaker_changes_its_side_when_speakers_come() -> None:
    before = split(clip_table(names(6)), earlier={}, validation_share=0.1)
    after = split(clip_table(names(23)), earlier=before.speakers, validation_share=0.1)
    for side in SIDES:
        assert digests(before, side) <= digests(after, side)
    assert before.speakers.items() <= after.speakers.items()


def test_no_speaker_is_forgotten_whose_clips_are_gone() -> None:
    before = split(clip_table(names(8)), earlier={})
    between = split(clip_table(names(2)), earlier=before.speakers)
    after = split(clip_table(names(8)), earlier=between.speakers)
    assert before.speakers == after.speakers


def test_the_order_of_the_clips_decides_nothing() -> None:
    table = clip_table()
    shuffled = table.sample(frac=1, random_state=1)
    one, other = (split(each, earlier={}, validation_share=0.1) for each in (table, shuffled))
    for side in SIDES:
        assert digests(one, side) == digests(other, side)


@pytest.mark.parametrize(
    ("speakers", "expected"), [(1, 0), (3, 0), (4, 1), (6, 1), (8, 2), (10, 2), (60, 12)]
)
def test_about_a_fifth_of_the_speakers_is_held_out_and_one_of_four(
    speakers: int, expected: int
) -> None:
    assert len(held_out(place_speakers(names(speakers), earlier={}))) == expected


def test_the_fourth_speaker_is_held_out_when_three_were_trained_on() -> None:
    before = place_speakers(names(3), earlier={})
    after = place_speakers(names(4), earlier=before)
    assert held_out(after) == {"voice3"}


def test_speakers_that_always_train_are_never_held_out() -> None:
    chosen = held_out(place_speakers(VOICES, earlier={}))
    places = place_speakers(VOICES, earlier={}, always_train=chosen)
    assert len(held_out(places)) == 1
    assert not held_out(places) & chosen


def test_a_held_out_speaker_who_shall_always_train_is_trained_on_from_then_on() -> None:
    before = place_speakers(VOICES, earlier={})
    named = place_speakers(VOICES, earlier=before, always_train=held_out(before))
    later = place_speakers(VOICES, earlier=named)
    assert not held_out(before) & held_out(named)
    assert not held_out(before) & held_out(later)


def test_clips_without_a_speaker_are_placed_by_their_digest() -> None:
    parts = split(clip_table([None], takes=30), earlier={}, validation_share=0.1)
    assert parts.counts["new_voices"] == 0
    assert len(parts.known_voices) / 300 == pytest.approx(0.25, abs=0.08)
    assert parts.speakers == {}


def test_a_clip_whose_speaker_becomes_known_keeps_its_side() -> None:
    nameless = clip_table(["ann"])
    named = nameless.assign(speaker="ann")
    before = split(nameless.assign(speaker=None), earlier={}, validation_share=0.1)
    after = split(named, earlier={}, validation_share=0.1)
    for side in SIDES:
        assert digests(before, side) == digests(after, side)


def test_a_table_of_nobody_has_empty_sides() -> None:
    empty: pd.DataFrame = clip_table().iloc[:0]
    assert set(split(empty, earlier={}).counts.values()) == {0}
