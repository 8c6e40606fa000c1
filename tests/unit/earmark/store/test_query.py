"""Which clips are found."""

from __future__ import annotations

from earmark.clips import State
from earmark.store import Store
from earmark.store.query import Wanted, find
from tests.known_clips import clip, know, paths


def test_any_clip_fits_who_wants_nothing_special() -> None:
    assert Wanted().fits(clip("a.wav"))


def test_the_digit_zero_is_wanted_like_any_other() -> None:
    assert Wanted(label=0).fits(clip("a.wav", label=0))
    assert not Wanted(label=0).fits(clip("a.wav", label=None))


def test_clips_of_a_state_are_found_in_chunks(store: Store) -> None:
    know(store, *(clip(f"{number}.wav") for number in range(1_100)))

    assert len(paths(find(store.clips, Wanted(state=State.LABELLED), limit=5_000))) == 1_100
    assert len(paths(find(store.clips, Wanted(), limit=5_000))) == 1_100
