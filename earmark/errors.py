"""Everything that Earmark raises on purpose.

EarmarkError
├── SettingsError        a setting is misspelt or has a value that cannot be
├── MissingExtra         a command needs an optional set of packages
├── ClipError            one clip cannot be labelled; costs no other clip anything
├── LabelError           a truth or a labels.csv line that cannot be
├── BackupError          a file is no backup, is damaged, or of another version
├── StoreError
│   ├── StoreUnreachable nothing answers at the store's address
│   └── StoreRefused     the store answers, and says no
├── ModelError
│   ├── NoModel          there is no such model, or none at all
│   └── CorruptModel     an artefact is not what its card says
├── FrontEndMismatch     vectors of one front end where another's are wanted
├── TrainingError
│   ├── NotEnoughClips   too little truth to train on
│   └── TrainingBusy     another training holds the lock
└── ServiceError
    ├── AlreadyRunning   a second `up` on the same data folder
    └── NotRunning       a command needs services that are not there
"""

from __future__ import annotations


class EarmarkError(Exception):
    """Something went wrong that the message explains; `str` is fit for a person."""


class SettingsError(EarmarkError):
    """A setting is misspelt or has a value that cannot be."""


class MissingExtra(EarmarkError):
    """A command needs an optional set of packages that is not installed.

    Parameters
    ----------
    extra
        Name of the extra in `pyproject.toml`.
    what
        What was wanted, as the beginning of a sentence.
    """

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed: pip install 'earmark[{extra}]'"
        )
        self.extra = extra


class ClipError(EarmarkError):
    """One clip cannot be labelled.

    Parameters
    ----------
    reason
        What is wrong with the clip, in plain words; stored with the clip.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LabelError(EarmarkError):
    """A truth, or a line of a labels file, that cannot be."""


class BackupError(EarmarkError):
    """A file is no backup of ours, is damaged, or is of a version that cannot be brought back."""


class StoreError(EarmarkError):
    """The shared store could not do what was asked."""


class StoreUnreachable(StoreError):
    """Nothing answers at the store's address."""


class StoreRefused(StoreError):
    """The store answers, and says no: a password, a right, or memory is missing."""


class ModelError(EarmarkError):
    """A model cannot be used."""


class NoModel(ModelError):
    """There is no such model, or none at all."""


class CorruptModel(ModelError):
    """A model's artefact is not what its card says."""


class FrontEndMismatch(EarmarkError):
    """Vectors of one front end were given where another's are wanted."""


class TrainingError(EarmarkError):
    """A training could not be done."""


class NotEnoughClips(TrainingError):
    """There is too little truth to train on."""


class TrainingBusy(TrainingError):
    """Another training holds the lock."""


class ServiceError(EarmarkError):
    """A service could not be started or reached."""


class AlreadyRunning(ServiceError):
    """Earmark already runs on this data folder."""


class NotRunning(ServiceError):
    """A command needs services that are not there."""
