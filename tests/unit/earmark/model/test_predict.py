"""Which model labels here and now: the configured one, never that of a folder that is anybody's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import earmark
from earmark.errors import ModelError
from earmark.model.registry import Registry
from earmark.model.version_folders import CARD, POINTER
from earmark.settings import Settings
from tests import tiny_models
from tests.fixture_types import Tone
from tests.tiny_models import FIRST, SECOND, THIRD


def other_peoples_nets(folder: Path) -> None:
    (folder / "resnet").mkdir(parents=True)
    (folder / "resnet" / CARD).write_text('{"name": "resnet"}')


def pointer_that_is_text(folder: Path) -> None:
    other_peoples_nets(folder)
    (folder / POINTER).write_text("the one on the website\n")


def pointer_that_is_a_folder(folder: Path) -> None:
    (folder / POINTER).mkdir(parents=True)


def no_folder(folder: Path) -> None:
    folder.write_text("notes about models\n")


def versions_that_nobody_made_live(folder: Path) -> None:
    tiny_models.publish(folder, THIRD, loud=1)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions that come with the program, of which the older one is the live one."""
    folder = tmp_path_factory.mktemp("installed")
    tiny_models.publish(folder, FIRST, loud=4)
    tiny_models.publish(folder, SECOND, loud=5)
    (folder / POINTER).write_text(FIRST + "\n")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that is not the installation's, with nothing configured."""
    for name in os.environ:
        if name.startswith("EARMARK_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("earmark.model.registry.shipped_models", lambda: installed)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize(
    "furnish",
    [
        other_peoples_nets,
        pointer_that_is_text,
        pointer_that_is_a_folder,
        no_folder,
        versions_that_nobody_made_live,
    ],
)
def test_a_folder_of_models_that_is_not_earmarks_does_no_harm(
    elsewhere: Path, tone: Tone, furnish: Callable[[Path], None]
) -> None:
    furnish(elsewhere / "models")
    clip = tone(elsewhere / "a.wav")
    before = tree(elsewhere)

    heard = earmark.label(clip)

    assert (heard.label, heard.model) == (4, FIRST)
    assert tree(elsewhere) == before


@pytest.mark.parametrize(
    "furnish", [other_peoples_nets, pointer_that_is_text, pointer_that_is_a_folder, no_folder]
)
def test_nothing_is_published_into_a_folder_that_is_not_earmarks(
    elsewhere: Path, furnish: Callable[[Path], None]
) -> None:
    furnish(elsewhere / "models")
    before = tree(elsewhere)
    registry = Registry.of(Settings.load())

    for write in (registry.insist_on_its_folder, lambda: registry.staging(THIRD)):
        with pytest.raises(ModelError, match=r"models .*not Earmark's.*EARMARK_MODELS"):
            write()
    with pytest.raises(ModelError, match="EARMARK_MODELS"):
        registry.promote(SECOND)

    assert tree(elsewhere) == before


@pytest.mark.parametrize("there", [None, "models", "models/.cache"])
def test_a_folder_that_is_missing_or_empty_becomes_earmarks(
    elsewhere: Path, tone: Tone, there: str | None
) -> None:
    if there is not None:
        (elsewhere / there).mkdir(parents=True)

    Registry.of(Settings.load()).promote(SECOND)

    assert earmark.label(tone(elsewhere / "a.wav")).model == SECOND


def test_the_models_of_the_folder_where_earmark_runs_are_used(elsewhere: Path, tone: Tone) -> None:
    tiny_models.publish(elsewhere / "models", THIRD, loud=8)
    Registry.of(Settings.load()).promote(THIRD)

    assert earmark.label(tone(elsewhere / "a.wav")).label == 8


def test_the_models_that_the_environment_names_are_used_from_any_folder(
    elsewhere: Path, tone: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_models.publish(elsewhere / "kept", THIRD, loud=8)
    tiny_models.publish(elsewhere / "models", SECOND, loud=1)
    Registry(elsewhere / "models").promote(SECOND)
    monkeypatch.setenv("EARMARK_MODELS", str(elsewhere / "kept"))

    assert earmark.label(tone(elsewhere / "a.wav")).label == 8


def test_the_models_that_the_file_of_settings_names_are_used(elsewhere: Path, tone: Tone) -> None:
    tiny_models.publish(elsewhere / "models", THIRD, loud=8)
    (elsewhere / "earmark.toml").write_text('models = "models"\n')

    assert earmark.label(tone(elsewhere / "a.wav")).label == 8


def test_a_model_that_becomes_live_later_is_used_at_once(
    elsewhere: Path, tone: Tone, installed: Path
) -> None:
    clip = tone(elsewhere / "a.wav")
    assert earmark.label(clip).model == FIRST

    shutil.copytree(installed, elsewhere / "models")
    (elsewhere / "models" / POINTER).write_text(SECOND + "\n")

    assert earmark.label(clip).model == SECOND
