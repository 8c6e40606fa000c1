"""The published models: immutable, verified, and one of them live."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import CorruptModel, NoModel
from earmark.model.artifact import LITERT, digest_keys
from earmark.model.registry import PINNED, Registry
from earmark.model.version_folders import CARD, POINTER, shipped_models
from tests import tiny_models
from tests.tiny_models import FIRST, SECOND

SHIPPED = "20250101-000000-5555"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Two versions, and none of them said to be live; nothing is shipped."""
    folder = tmp_path / "models"
    for version in (SECOND, FIRST):
        tiny_models.publish(folder, version)
    return Registry(folder, shipped=tmp_path / "nothing")


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    tiny_models.publish(tmp_path / "shipped", SHIPPED)
    return tmp_path / "shipped"


def test_versions_are_listed_oldest_first(registry: Registry) -> None:
    assert registry.versions() == [FIRST, SECOND]


def test_without_a_pointer_the_newest_is_live(registry: Registry) -> None:
    assert registry.live() == SECOND


def test_the_promoted_version_is_live(registry: Registry) -> None:
    registry.promote(FIRST)

    assert registry.live() == FIRST
    assert Registry(registry.folder).live() == FIRST


def test_promoting_leaves_nothing_but_the_pointer(registry: Registry) -> None:
    registry.promote(FIRST)

    assert {path.name for path in registry.folder.iterdir()} == {FIRST, SECOND, POINTER}


def test_rolling_back_goes_to_the_version_before(registry: Registry) -> None:
    assert registry.before(SECOND) == FIRST
    with pytest.raises(NoModel, match=f"no model older than {FIRST}"):
        registry.before(FIRST)


def test_an_empty_folder_starts_from_the_shipped_model(tmp_path: Path, shipped: Path) -> None:
    registry = Registry(tmp_path / "models", shipped)

    assert registry.live() == SHIPPED
    assert registry.artefact(SHIPPED).announcement.version == SHIPPED


def test_one_can_go_back_to_the_shipped_model(registry: Registry, shipped: Path) -> None:
    registry = Registry(registry.folder, shipped)
    assert registry.versions() == [FIRST, SECOND]

    registry.promote(registry.before(FIRST))

    assert registry.live() == SHIPPED


def test_no_model_at_all_is_told_with_what_to_do(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", shipped=tmp_path / "nothing")

    with pytest.raises(NoModel, match="train one with `earmark train`"):
        registry.live()


def test_an_unknown_version_cannot_be_promoted(registry: Registry) -> None:
    with pytest.raises(NoModel, match="no model 'nonsense'"):
        registry.promote("nonsense")


@pytest.mark.parametrize("version", ["..", "../models", ".", "", "a/b", ".hidden"])
def test_a_version_is_no_path(registry: Registry, version: str) -> None:
    with pytest.raises(NoModel):
        registry.path(version)


def test_a_pointer_to_what_is_not_there_is_told_with_the_choices(registry: Registry) -> None:
    (registry.folder / POINTER).write_text("nonsense\n")

    with pytest.raises(CorruptModel, match=f"promote` one of: {FIRST}, {SECOND}"):
        registry.live()


@pytest.mark.parametrize("name", ["model.tflite", "trained_on.npy"])
def test_a_changed_artefact_is_refused(registry: Registry, name: str) -> None:
    file = registry.path(FIRST) / name
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    os.utime(file, ns=(1, 1))

    with pytest.raises(CorruptModel, match=f"{name} of model {FIRST} is not the published one"):
        registry.artefact(FIRST)
    with pytest.raises(CorruptModel):
        registry.promote(FIRST)
    assert registry.live() == SECOND


def test_a_missing_artefact_is_refused(registry: Registry) -> None:
    (registry.path(FIRST) / LITERT).unlink()

    with pytest.raises(CorruptModel, match="cannot be read"):
        registry.artefact(FIRST)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "x"}', '"card"', "null"])
def test_a_damaged_card_is_refused(registry: Registry, text: str) -> None:
    (registry.path(FIRST) / CARD).write_text(text)

    with pytest.raises(CorruptModel, match=f"the card of model {FIRST}"):
        registry.artefact(FIRST)


def test_what_is_staged_is_no_version_until_it_is_published(registry: Registry) -> None:
    staged = registry.staging("20260303-000000-cccc")
    (staged / CARD).write_text("{}")
    assert registry.versions() == [FIRST, SECOND]

    registry.publish(staged, "20260303-000000-cccc")

    assert registry.versions()[-1] == "20260303-000000-cccc"
    assert not staged.exists()


def test_a_published_version_is_never_overwritten(registry: Registry) -> None:
    before = (registry.path(FIRST) / CARD).read_bytes()
    staged = registry.staging(FIRST)
    (staged / CARD).write_text("{}")

    with pytest.raises(OSError, match="not empty"):
        registry.publish(staged, FIRST)

    assert (registry.path(FIRST) / CARD).read_bytes() == before


def test_pruning_keeps_the_newest_the_live_and_the_pinned(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", shipped=tmp_path / "nothing")
    versions = [f"2026010{day}-000000-aaaa" for day in range(1, 7)]
    for version in versions:
        tiny_models.publish(registry.folder, version)
    registry.promote(versions[0])
    (registry.path(versions[1]) / PINNED).touch()

    assert registry.prune(keep=2) == versions[2:4]

    assert registry.versions() == [*versions[:2], *versions[4:]]


def test_accuracies_are_announced_and_may_be_missing(tmp_path: Path) -> None:
    tiny_models.publish(tmp_path, FIRST, accuracies={"known_voices": 0.9})

    announced = Registry(tmp_path).announcement(FIRST)

    assert (announced.known_voices, announced.new_voices) == (0.9, None)


def test_the_shipped_model_can_be_used() -> None:
    registry = Registry(Path("/nowhere"), shipped_models())
    if not registry.versions():
        pytest.skip("no model is shipped yet")

    artefact = registry.artefact(registry.live())

    assert artefact.announcement.known_voices is not None
    assert json.loads((registry.path(registry.live()) / CARD).read_text())["checksums"]


def test_a_digest_is_remembered_by_its_first_eight_bytes() -> None:
    keys = digest_keys(["ff" * 16, "00" * 7 + "01" + "ff" * 8, "ff" * 16])

    np.testing.assert_array_equal(keys, np.array([1, 2**64 - 1], dtype=np.uint64))
