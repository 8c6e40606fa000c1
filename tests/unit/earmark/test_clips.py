"""Identity, revision, truth and record of a clip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.clips import Record, Revision, Score, State, head_of

EMPTY = Record(path="a.wav", revision=Revision(1, 2), state=State.PENDING)

shares = st.floats(0, 1, allow_nan=False)
texts = st.text(max_size=20)
times = st.none() | st.floats(0, 4e9)
digits = st.integers(0, 9)
revisions = st.builds(Revision, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
records = st.builds(
    Record,
    path=texts,
    revision=revisions,
    state=st.sampled_from(State),
    digest=st.none() | st.binary(min_size=16, max_size=16).map(bytes.hex),
    seconds=st.none() | st.floats(0, 1e6),
    rate=st.none() | st.integers(1, 1_000_000),
    label=st.none() | digits,
    confidence=st.none() | shares,
    top=st.lists(st.tuples(digits, shares), max_size=3).map(tuple),
    model=st.none() | texts,
    reason=st.none() | texts,
    truth=st.none() | digits | st.just("none"),
    speaker=st.none() | texts,
    truth_by=st.none() | texts,
    blind=st.booleans(),
    noted_at=times,
    done_at=times,
    gone=st.booleans(),
)


@given(record=records)
def test_a_record_survives_the_store(record: Record) -> None:
    assert Record.decode(record.path, record.encode()) == record


@given(record=records)
def test_a_record_is_always_encoded_to_the_same_bytes(record: Record) -> None:
    assert Record.decode(record.path, record.encode()).encode() == record.encode()


@given(record=records)
def test_the_head_is_read_without_the_body(record: Record) -> None:
    assert head_of(record.encode()) == (record.state, record.revision, record.gone)


@given(revision=revisions)
def test_a_revision_survives_a_message(revision: Revision) -> None:
    assert Revision.parse(str(revision)) == revision


def test_the_digit_zero_is_not_taken_for_nothing() -> None:
    record = EMPTY.but(label=0, confidence=0.0, truth=0, seconds=0.0, noted_at=0.0)

    assert Record.decode("a.wav", record.encode()) == record


def test_a_record_takes_few_bytes() -> None:
    assert EMPTY.encode() == b"pending 1-2 here untold\n{}"


def test_another_size_or_time_is_another_revision(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"four")
    os.utime(file, ns=(0, 5))

    assert Revision.of(file.stat()) == Revision(4, 5)
    assert Revision(4, 5) != Revision(4, 6) != Revision(5, 6)


@pytest.mark.parametrize(
    ("truth", "label", "blind", "score"),
    [
        (None, 7, True, Score.UNTOLD),
        (7, None, False, Score.UNSCORED),
        (7, 7, False, Score.UNSCORED),
        (7, 7, True, Score.RIGHT),
        (0, 0, True, Score.RIGHT),
        (7, 3, True, Score.WRONG),
        ("none", 3, True, Score.WRONG),
    ],
)
def test_only_a_blind_label_of_a_clip_with_a_truth_counts(
    truth: int | None, label: int | None, blind: bool, score: Score
) -> None:
    assert EMPTY.but(truth=truth, label=label, blind=blind).score is score


def test_a_record_as_json_is_plain() -> None:
    record = EMPTY.but(top=((7, 0.9), (1, 0.1)), state=State.LABELLED)

    values = record.as_json()

    assert values["revision"] == "1-2"
    assert values["top"] == [[7, 0.9], [1, 0.1]]


def test_only_pending_and_queued_clips_are_unfinished() -> None:
    assert {state for state in State if not state.done} == {State.PENDING, State.QUEUED}


def test_what_only_the_name_says_of_a_truncated_clip_does_not_count() -> None:
    named = Record(
        path="7_ann_0.wav", revision=Revision(1, 2), state=State.UNSURE, label=7, blind=True,
        truth=7, truth_by="name", truncated="declares 10.0 s, holds 0.6 s",
    )  # fmt: skip

    assert (named.confirmed, named.score) == (False, Score.UNTOLD)
    assert named.but(truncated=None).score is Score.RIGHT
    assert named.but(truth_by="bob").score is Score.RIGHT


def test_records_of_older_and_newer_versions_are_read() -> None:
    head = b"unsure 1-2 here untold\n"

    old = Record.decode("a.wav", head + b'{"label":7}')
    new = Record.decode("a.wav", head + b'{"label":7,"from the future":[1]}')

    assert (old, old.truncated, old.note) == (new, None, None)
