"""The published models: immutable versions in a folder, and one pointer to the live one.

    models/
        live                      the version that labels; moved atomically
        20261123-041500-3f9a/     one version, never changed after it was renamed into place
            model.keras           for people and for further training
            model.tflite          for the workers
            trained_on.npy        which clips it was trained on
            card.json             everything that is known of it, with checksums
            MODEL_CARD.md         the same for people
            *.png                 confusion matrix, learning curves

The folder wins over the store. The store carries a copy of what the workers need, so that
hosts that share no disk label with the same model.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Self

from earmark.errors import CorruptModel, ModelError, NoModel
from earmark.model.artifact import LITERT, TRAINED_ON, Announcement, Artefact, check
from earmark.model.version_folders import (
    CARD,
    POINTER,
    is_free,
    is_registry,
    pointer_in,
    shipped_models,
    versions_in,
)
from earmark.settings import Settings

KERAS = "model.keras"
PINNED = "pinned"
KEEP = 20
"""How many versions are kept beside the live one and the pinned ones."""


class Registry:
    """The models in one folder.

    Parameters
    ----------
    folder
        Created when the first model is published.
    shipped
        Folder of the model that comes with the program; used while `folder` holds none.
    chosen
        Whether somebody named the folder. Else it is `./models` of whatever folder the program was
        started in, which may be anybody's: its versions count once one of them was made live, and
        nothing is written into it where it holds other things.
    """

    def __init__(self, folder: Path, shipped: Path | None = None, *, chosen: bool = True) -> None:
        self.folder = folder
        self._shipped = shipped if shipped is not None else shipped_models()
        self._chosen = chosen

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The models of an installation: those that a setting names, else its own."""
        return cls(settings.models, chosen="models" in settings.model_fields_set)

    def versions(self) -> list[str]:
        """The folder's versions, oldest first; while it holds none, the shipped ones."""
        return sorted(self._own()) or sorted(versions_in(self._shipped))

    def promotable(self) -> list[str]:
        """All versions that can be made the live one, the shipped ones too, oldest first."""
        return sorted({*self._own(), *versions_in(self._shipped)})

    def live(self) -> str:
        """The version that labels: the pointer's, else the newest.

        Raises
        ------
        NoModel
            When there is none at all.
        CorruptModel
            When the pointer names a version that is not there.
        """
        versions = self.versions()
        if not versions:
            raise NoModel(f"there is no model in {self.folder}: train one with `earmark train`")
        pointed = self._pointed()
        if pointed is None:
            return versions[-1]
        promotable = self.promotable()
        if pointed not in promotable:
            raise CorruptModel(
                f"{self.folder / POINTER} names {pointed!r}, which is not there; "
                f"`earmark models promote` one of: {', '.join(promotable)}"
            )
        return pointed

    def path(self, version: str) -> Path:
        """The folder of a version.

        Raises
        ------
        NoModel
            When there is no such version.
        """
        for root in (self.folder, self._shipped):
            if version in versions_in(root):
                return root / version
        raise NoModel(f"there is no model {version!r} in {self.folder}; see `earmark models list`")

    def card(self, version: str) -> dict[str, Any]:
        """The card of a version.

        Raises
        ------
        CorruptModel
            When it cannot be read.
        """
        try:
            card: dict[str, Any] = json.loads((self.path(version) / CARD).read_text())
        except (OSError, ValueError) as error:
            raise CorruptModel(f"the card of model {version} cannot be read: {error}") from error
        return card

    def announcement(self, version: str) -> Announcement:
        card = self.card(version)
        try:
            return Announcement.of_card(card)
        except (KeyError, TypeError) as error:
            raise CorruptModel(f"the card of model {version} lacks something: {error}") from error

    def artefact(self, version: str) -> Artefact:
        """The bytes that a worker needs, held against the card's checksums.

        Raises
        ------
        CorruptModel
            When a file is missing or is not what the card says.
        """
        folder = self.path(version)
        try:
            litert = (folder / LITERT).read_bytes()
            trained_on = (folder / TRAINED_ON).read_bytes()
        except OSError as error:
            raise CorruptModel(f"model {version} cannot be read: {error}") from error
        return Artefact.verified(self.announcement(version), litert, trained_on)

    def keras(self, version: str) -> Path:
        """The `.keras` file, held against the card's checksum."""
        path = self.path(version) / KERAS
        check(version, KERAS, path.read_bytes(), self.card(version)["checksums"][KERAS])
        return path

    def publish(self, staged: Path, version: str) -> None:
        """Move a finished folder into place, flushed to disk, without making it live.

        Parameters
        ----------
        staged
            A folder on the same file system as the registry, see `staging`.
        """
        for file in staged.iterdir():
            _flush(file)
        _flush(staged)
        staged.rename(self.folder / version)
        _flush(self.folder)

    def insist_on_its_folder(self) -> None:
        """Check that what is published would not stand among things of somebody else.

        Raises
        ------
        ModelError
            When nobody named the folder, and it holds other things and no model.
        """
        if not (self._is_used() or is_free(self.folder)):
            raise ModelError(
                f"{self.folder.absolute()} holds other things and is not Earmark's: name a folder "
                "for its models with EARMARK_MODELS"
            )

    def staging(self, version: str) -> Path:
        """A new empty folder beside the versions, for `publish`.

        Raises
        ------
        ModelError
            When the folder is not Earmark's.
        """
        self.insist_on_its_folder()
        staged = self.folder / f".staging-{version}"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        return staged

    def promote(self, version: str) -> None:
        """Make a version the live one, after its artefact was verified.

        Raises
        ------
        ModelError
            When there is no such version, it is damaged, or the folder is not Earmark's.
        """
        self.artefact(version)
        self.insist_on_its_folder()
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f".{POINTER}-{os.getpid()}"
        beside.write_text(version + "\n")
        _flush(beside)
        beside.replace(self.folder / POINTER)
        _flush(self.folder)

    def before(self, version: str) -> str:
        """The version published just before another; before the folder's first, the shipped.

        Raises
        ------
        NoModel
            When there is none.
        """
        older = [name for name in self.promotable() if name < version]
        if not older:
            raise NoModel(f"there is no model older than {version} to roll back to")
        return older[-1]

    def prune(self, keep: int = KEEP) -> list[str]:
        """Delete old versions, but never the live one nor one that holds a file `pinned`."""
        own = sorted(self._own())
        live = self.live() if own else None
        doomed = [
            version
            for version in own[:-keep]
            if version != live and not (self.folder / version / PINNED).exists()
        ]
        for version in doomed:
            hidden = self.folder / f".pruned-{version}"
            (self.folder / version).rename(hidden)
            shutil.rmtree(hidden)
        return doomed

    def _own(self) -> list[str]:
        return versions_in(self.folder) if self._is_used() else []

    def _pointed(self) -> str | None:
        """What the pointer names; while the folder holds nothing, that of what is shipped."""
        if self._is_used() and (pointed := pointer_in(self.folder)) is not None:
            return pointed
        return None if self._own() else pointer_in(self._shipped)

    def _is_used(self) -> bool:
        return self._chosen or is_registry(self.folder)


def sealed(card: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The card with the SHA-256 of every file that lies in the folder."""
    checksums = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
        if file.name != CARD
    }
    return card | {"checksums": checksums}


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
