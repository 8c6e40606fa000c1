"""What a front end is, and how it is told from another."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.audio import Sound


class FrontEnd(Protocol):
    """Turns clips into vectors of one length."""

    @property
    def name(self) -> str:
        """Name in settings, cards and the store."""

    @property
    def dimensions(self) -> int:
        """Values a vector."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when any vector would."""

    def extract(self, sounds: Sequence[Sound]) -> NDArray[np.float32]:
        """Vectors of shape (len(sounds), dimensions), in the order of `sounds`."""


def fingerprint(name: str, revision: int, front_end: Any) -> str:
    """Hash over a front end's name, algorithm revision and parameters.

    Parameters
    ----------
    name
        Name of the front end.
    revision
        Number that its author raises when equal parameters give other vectors.
    front_end
        Dataclass whose fields are the parameters.

    Returns
    -------
    str
        16 hex digits of a SHA-256.
    """
    identity = [name, revision, dataclasses.asdict(front_end)]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
