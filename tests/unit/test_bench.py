"""What the benchmarks print, and what they are measured on; no time is asserted anywhere."""

from __future__ import annotations

from pathlib import Path

from bench.corpus import Corpus
from bench.growth import records
from bench.models import publish_again
from bench.table import Row, table
from earmark.clips import Record, Score
from earmark.model.registry import Registry
from tests.wavs import drop


def test_more_of_a_time_is_worse_and_more_of_a_rate_is_better() -> None:
    slow = Row(what="slow", unit="us", ours=20, peer=10, limit=10)
    fast = Row(what="fast", unit="clips/s", ours=20, peer=10, limit=40, more_is_better=True)

    assert (slow.ratio, slow.share) == (0.5, 0.5)
    assert (fast.ratio, fast.share) == (2.0, 0.5)


def test_a_row_says_whether_each_of_its_goals_was_reached() -> None:
    row = Row(
        what="pipeline",
        unit="clips/s",
        ours=100,
        peer=10,
        limit=200,
        more_is_better=True,
        least_ratio=10,
        least_share=0.75,
        goal=50,
    )

    assert row.goals == "10x yes, 75% NO, 50.0 clips/s yes"


def test_a_goal_of_a_time_is_an_upper_bound() -> None:
    assert Row(what="latency", unit="ms", ours=30, goal=25).goals == "25.0 ms NO"


def test_the_table_leaves_empty_what_was_not_compared() -> None:
    lines = table([Row(what="alone", unit="MB", ours=1_234)]).splitlines()

    assert lines[0].split() == ["what", "ours", "peer", "ratio", "limit", "share", "goal"]
    assert lines[1].split() == ["alone", "1,234", "MB"]


def test_a_backlog_goes_through_the_corpus_again_under_other_names(tmp_path: Path) -> None:
    clips = [drop(tmp_path / "corpus" / f"{number}.wav") for number in range(3)]

    Corpus("three", clips).fill(tmp_path / "inbox", 7)

    found = sorted(
        path.relative_to(tmp_path / "inbox") for path in (tmp_path / "inbox").rglob("*.wav")
    )
    assert [str(path) for path in found] == [
        "0/0.wav", "0/1.wav", "0/2.wav", "1/0.wav", "1/1.wav", "1/2.wav", "2/0.wav",
    ]  # fmt: skip


def test_a_sample_is_the_same_each_time() -> None:
    corpus = Corpus("many", [Path(f"{number}.wav") for number in range(100)])

    assert corpus.sample(5) == corpus.sample(5)
    assert len(set(corpus.sample(5))) == 5


def test_synthetic_records_are_like_real_ones_and_all_different() -> None:
    made = list(records(0, 1_000))

    assert len({record.path for record in made}) == len({record.digest for record in made}) == 1_000
    assert all(Record.decode(each.path, each.encode()) == each for each in made)
    assert {record.score for record in made} == {Score.RIGHT}


def test_a_model_can_be_published_again(tmp_path: Path, published_models: Path) -> None:
    registry = Registry(tmp_path / "models", shipped=published_models)

    publish_again(registry, "29991231-000000-next")

    assert registry.live() == "29991231-000000-next"
    assert registry.artefact("29991231-000000-next").litert
