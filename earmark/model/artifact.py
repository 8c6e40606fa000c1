"""What a worker needs of a model: what is announced of it, and its bytes, held against that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from earmark.errors import CorruptModel

LITERT = "model.tflite"
TRAINED_ON = "trained_on.npy"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a worker must know to label with a model."""

    version: str
    front_end: str
    fingerprint: str
    litert_sha256: str
    trained_on_sha256: str
    thresholds: tuple[float, ...]
    """For each digit the confidence below which its label is unsure, shape (10,)."""
    known_voices: float | None
    """Accuracy on voices that were trained on; None where it could not be measured."""
    new_voices: float | None
    """Accuracy on voices that were never heard."""

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Self:
        """As it was announced, also by a program that knew one threshold for all digits."""
        values = dict(values)
        one = values.pop("confidence", None)
        thresholds = values.pop("thresholds", None) or (one,) * 10
        return cls(**values, thresholds=tuple(thresholds))

    @classmethod
    def of_card(cls, card: dict[str, Any]) -> Self:
        return cls(
            version=card["version"],
            front_end=card["front_end"]["name"],
            fingerprint=card["front_end"]["fingerprint"],
            litert_sha256=card["checksums"][LITERT],
            trained_on_sha256=card["checksums"][TRAINED_ON],
            thresholds=_thresholds(card),
            known_voices=_accuracy(card, "known_voices"),
            new_voices=_accuracy(card, "new_voices"),
        )


@dataclass(frozen=True, slots=True)
class Artefact:
    """What a worker needs of a version, its checksums verified."""

    announcement: Announcement
    litert: bytes
    trained_on: bytes

    @classmethod
    def verified(cls, announcement: Announcement, litert: bytes, trained_on: bytes) -> Self:
        """Hold the bytes against the announced checksums.

        Raises
        ------
        CorruptModel
            When they are not what was announced.
        """
        check(announcement.version, LITERT, litert, announcement.litert_sha256)
        check(announcement.version, TRAINED_ON, trained_on, announcement.trained_on_sha256)
        return cls(announcement, litert, trained_on)


def check(version: str, name: str, data: bytes, expected: str) -> None:
    """Hold a file of a version against its SHA-256.

    Raises
    ------
    CorruptModel
        When it is another one's.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise CorruptModel(
            f"{name} of model {version} is not the published one: "
            f"SHA-256 {found[:12]} where the card says {expected[:12]}"
        )


def digest_keys(digests: list[str]) -> NDArray[np.uint64]:
    """The first 8 bytes of each digest, sorted: a compact table of what a model has seen."""
    keys = [int(digest[:16], 16) for digest in digests]
    return np.unique(np.array(keys, dtype=np.uint64))


def _thresholds(card: dict[str, Any]) -> tuple[float, ...]:
    found = card.get("thresholds") or []
    return tuple(float(each["confidence"]) for each in found) or (float(card["confidence"]),) * 10


def _accuracy(card: dict[str, Any], voices: str) -> float | None:
    measured = card["metrics"][voices]
    return None if measured is None else float(measured["accuracy"])
