"""What a trainer says where TensorFlow is not installed."""

from __future__ import annotations

import pytest

from earmark.errors import MissingExtra
from trainer.net.tensorflow import insist_on_tensorflow


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.net.tensorflow.find_spec", lambda _: None)


@pytest.mark.usefixtures("without_tensorflow")
def test_without_tensorflow_the_extra_that_brings_it_is_named() -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'earmark\[trainer\]'"):
        insist_on_tensorflow()


def test_with_tensorflow_nothing_is_in_the_way() -> None:
    insist_on_tensorflow()
