"""A trainer where TensorFlow is not installed: it runs, and refuses in plain words."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from earmark.messaging.sender import Sender
from earmark.model.registry import Registry
from earmark.settings import Settings
from earmark.store import Store
from trainer.service import FAILED, Desk, run, warn_if_it_cannot_train


@pytest.fixture
def desk(online: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """All that a training needs, but for TensorFlow."""
    monkeypatch.setattr("trainer.net.tensorflow.find_spec", lambda _: None)
    settings = Settings.load()
    return Desk(settings, store, Registry(settings.models), Sender(settings), time.time)


def test_a_training_ends_with_the_extra_that_it_lacks(desk: Desk) -> None:
    result = run(desk, recipe=None, force=False)

    assert result["outcome"] == FAILED
    assert "pip install 'earmark[trainer]'" in result["reason"]


def test_at_its_start_the_trainer_says_once_what_it_lacks(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_if_it_cannot_train()

    [told] = caplog.messages
    assert "earmark[trainer]" in told


def test_a_trainer_that_lacks_nothing_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    warn_if_it_cannot_train()

    assert caplog.messages == []
