"""What a worker does for clips whose vectors the live model lacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from earmark.admin.promote import succeed
from earmark.audio.decode import Limits
from earmark.clips import Record, State
from earmark.frontends import front_end
from earmark.model.registry import Registry
from earmark.store import Store
from tests import tiny_models
from worker.backfill import extract_lacking
from worker.context import Bench
from worker.label import relabel
from worker.live_model import LiveModel

Tone = Callable[..., Path]
Label = Callable[..., list[Record]]

MEAN = front_end("mfcc-mean")


class Post:
    """Keeps what was sent instead of sending it."""

    def __init__(self) -> None:
        self.relabelled: list[str] = []
        self.extracted: list[str] = []

    def relabel(self, paths: list[str]) -> None:
        self.relabelled += sorted(paths)

    def extract(self, paths: list[str]) -> None:
        self.extracted += sorted(paths)


@pytest.fixture
def inbox(tmp_path: Path, tone: Tone) -> Path:
    """One clip that the tiny model is sure of, and one that it doubts."""
    tone(tmp_path / "inbox" / "loud.wav", amplitude=0.5)
    tone(tmp_path / "inbox" / "doubt.wav", amplitude=0.1)
    return tmp_path / "inbox"


@pytest.fixture
def bench(inbox: Path, store: Store, published_models: Path, label_inbox: Label) -> Bench:
    """A worker whose store has lost all vectors."""
    records = label_inbox(inbox)
    store.vectors.drop([str(each.digest) for each in records])
    model = LiveModel(Registry(published_models), store)
    return Bench(inbox.resolve(), Limits(1 << 20, 30.0), 30.0, store, model, time.time)


def test_lacking_vectors_are_extracted_from_the_files(bench: Bench) -> None:
    assert extract_lacking(bench, ["doubt.wav", "loud.wav", "unknown.wav"]) == 2
    assert bench.store.vectors.count(MEAN) == 2
    assert extract_lacking(bench, ["doubt.wav", "loud.wav"]) == 0


def test_unsure_clips_are_relabelled_though_their_vectors_must_be_extracted_first(
    bench: Bench,
) -> None:
    [doubted] = bench.store.clips.records(["doubt.wav"])
    assert doubted is not None
    assert doubted.state is State.UNSURE
    assert relabel(bench, ["doubt.wav"]) == 1
    assert bench.store.vectors.count(MEAN) == 1


def test_a_file_that_was_rewritten_or_is_gone_is_left_alone(
    bench: Bench, inbox: Path, tone: Tone
) -> None:
    tone(inbox / "loud.wav", hertz=300)
    (inbox / "doubt.wav").unlink()
    assert extract_lacking(bench, ["doubt.wav", "loud.wav"]) == 0
    assert relabel(bench, ["doubt.wav", "loud.wav"]) == 0


def test_another_front_end_has_the_older_clips_extracted(
    bench: Bench, published_models: Path
) -> None:
    artefact = Registry(published_models).artefact(tiny_models.FIRST)
    before = replace(artefact.announcement, front_end="mfcc-other")
    bench.store.board.announce(replace(artefact, announcement=before))
    post = Post()
    succeed(bench.store, post, artefact)  # type: ignore[arg-type]
    assert (post.relabelled, post.extracted) == (["doubt.wav"], ["loud.wav"])


def test_the_same_front_end_has_nothing_extracted(bench: Bench, published_models: Path) -> None:
    post = Post()
    artefact = Registry(published_models).artefact(tiny_models.FIRST)
    succeed(bench.store, post, artefact)  # type: ignore[arg-type]
    assert (post.relabelled, post.extracted) == (["doubt.wav"], [])
