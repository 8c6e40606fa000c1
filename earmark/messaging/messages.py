"""What services send one another: queues, names of tasks, and the message to a worker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from earmark.clips import Revision

LIVE = "live"
"""Queue of clips that were dropped just now."""
BULK = "bulk"
"""Queue of the backlog."""
TRAINING = "training"
LABEL = "worker.label"
RELABEL = "worker.relabel"
EXTRACT = "worker.extract"
TRAIN = "trainer.train"
TRAIN_IF_DUE = "trainer.train_if_due"
BATCH_CLIPS = 256
"""Most clips of a message; a smaller message costs each of its clips more."""
RELABEL_CLIPS = 512
"""The same where the vectors are there already."""
EXTRACT_CLIPS = 128
"""The same where they are extracted without haste, so that a live clip waits for few of them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The message to a worker: which clips to label, in which revision.

    Paths are relative to the inbox: a message can name nothing outside of it.
    """

    clips: tuple[tuple[str, Revision], ...]

    def to_json(self) -> list[list[str]]:
        return [[path, str(revision)] for path, revision in self.clips]

    @classmethod
    def from_json(cls, value: Iterable[Iterable[str]]) -> Self:
        """Read a message.

        Raises
        ------
        ValueError
            When it is not a list of pairs of path and revision.
        """
        return cls(tuple((path, Revision.parse(revision)) for path, revision in value))
