"""Drift measured in a real store: against what the live model was trained on, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.context import House
from dashboard.monitoring import drift
from earmark.clips import Record, Revision, State
from earmark.frontends import front_end
from earmark.model.registry import Registry
from earmark.settings import Settings
from earmark.store import Store
from earmark.store.ledger import Settlement
from earmark.store.vectors import table
from tests import tiny_models
from tests.household import messages

FRONT_END = front_end("mfcc-mean")
NOW = 1_800_000_000.0
TRAINED_ON = 200


def clip(number: int, **values: Any) -> Record:
    return Record(
        path=f"{number % 10}_ann_{number}.wav",
        revision=Revision(100, number),
        state=State.LABELLED,
        digest=blake2b(number.to_bytes(8, "little"), digest_size=16).hexdigest(),
        label=number % 10,
        confidence=0.9,
        model=tiny_models.FIRST,
        truth=number % 10,
        truth_by="name",
        noted_at=NOW + number,
        done_at=NOW + number,
        **values,
    )


@pytest.fixture
def house(store: Store, store_url: str, tmp_path: Path) -> Iterator[House]:
    """A model that was trained on 200 clips, which are in the store and in the index."""
    trained_on = [clip(number) for number in range(TRAINED_ON)]
    digests = [str(each.digest) for each in trained_on]
    models = tmp_path / "models"
    tiny_models.publish(models, tiny_models.FIRST, trained_on=digests)
    Registry(models).promote(tiny_models.FIRST)
    settings = Settings(
        data=tmp_path / "var", inbox=tmp_path / "inbox", models=models, redis_url=store_url,
        retrain_drift=0.25,
    )  # fmt: skip
    found = replace(House.of(settings), clock=lambda: NOW)
    store.board.announce(found.registry.artefact(tiny_models.FIRST))
    bring(found, trained_on, mean=0)
    yield found
    found.sender.close()


def bring(house: House, clips: list[Record], *, mean: float) -> None:
    """Let clips go through the ledger with vectors around a mean."""
    named = [(each.path, each.revision) for each in clips]
    house.store.clips.note([each.but(state=State.PENDING) for each in clips], NOW)
    house.store.clips.accept(named, NOW)
    house.store.clips.claim(named, NOW)
    vectors = np.random.default_rng(len(clips)).normal(mean, size=(len(clips), 40))
    settled = [
        Settlement(each, b"", vector.astype(np.float32))
        for each, vector in zip(clips, vectors, strict=True)
    ]
    house.store.clips.settle(settled, table(FRONT_END), "a test")
    house.index.record(clips)


def test_clips_that_sound_otherwise_ask_for_a_training_once(house: House, store: Store) -> None:
    bring(house, [clip(number, blind=True) for number in range(1_000, 1_300)], mean=3)

    drift.watch(house)
    drift.watch(house)

    assert drift.newest(house).verdict == "strong"
    assert len(messages(store, "training")) == 1


def test_the_next_model_may_be_outrun_in_its_turn(house: House, store: Store) -> None:
    bring(house, [clip(number, blind=True) for number in range(1_000, 1_300)], mean=3)
    drift.watch(house)
    digests = [str(clip(number).digest) for number in range(TRAINED_ON)]
    tiny_models.publish(house.settings.models, tiny_models.SECOND, trained_on=digests)

    house.promote(tiny_models.SECOND)
    drift.watch(house)

    assert len(messages(store, "training")) == 2


def test_clips_that_sound_as_before_ask_for_none(house: House, store: Store) -> None:
    bring(house, [clip(number, blind=True) for number in range(1_000, 1_300)], mean=0)

    drift.watch(house)

    assert drift.newest(house).verdict == "steady"
    assert messages(store, "training") == []


def test_without_the_setting_drift_is_told_and_no_more(house: House, store: Store) -> None:
    bring(house, [clip(number, blind=True) for number in range(1_000, 1_300)], mean=3)
    silent = house.settings.model_copy(update={"retrain_drift": 0.0})

    drift.watch(replace(house, settings=silent))

    assert drift.newest(house).verdict == "strong"
    assert messages(store, "training") == []


def test_a_few_clips_are_no_drift(house: House, store: Store) -> None:
    bring(house, [clip(number, blind=True) for number in range(1_000, 1_050)], mean=3)

    drift.watch(house)

    assert drift.newest(house).verdict == "unknown"
    assert messages(store, "training") == []
