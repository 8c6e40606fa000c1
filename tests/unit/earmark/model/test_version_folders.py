"""What a version's folder is called, and what makes a folder a registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from earmark.errors import CorruptModel
from earmark.model.version_folders import (
    CARD,
    POINTER,
    is_free,
    is_registry,
    is_version,
    pointer_in,
    versions_in,
)
from tests import tiny_models
from tests.tiny_models import FIRST


@pytest.mark.parametrize("name", ["resnet", "20261123", ".staging-20261123-041500-3f9a", "..", ""])
def test_only_a_moment_and_a_fingerprint_are_a_version(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / name / CARD).write_text("{}")

    assert not is_version(name)
    assert versions_in(tmp_path) == []


def test_a_folder_is_a_registry_once_a_version_is_live(tmp_path: Path) -> None:
    assert is_free(tmp_path / "models")
    tiny_models.publish(tmp_path / "models", FIRST)
    assert not is_registry(tmp_path / "models")

    (tmp_path / "models" / POINTER).write_text(FIRST + "\n")

    assert is_registry(tmp_path / "models")
    assert versions_in(tmp_path / "models") == [pointer_in(tmp_path / "models")]


def test_a_pointer_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / POINTER).mkdir()

    assert not is_registry(tmp_path)
    with pytest.raises(CorruptModel, match="live cannot be read: Is a directory"):
        pointer_in(tmp_path)
