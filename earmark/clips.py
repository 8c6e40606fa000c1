"""What a clip is: its identity, its revision, the truth in its name, its record.

A clip's identity is its path relative to the inbox, with forward slashes. A new size or
modification time under an old path is a new revision, and a new revision is a new job.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Any, Self

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from earmark.truth import Told, Truth


class State(StrEnum):
    """Where a clip stands; every clip is in exactly one state."""

    PENDING = "pending"
    QUEUED = "queued"
    LABELLED = "labelled"
    UNSURE = "unsure"
    FAILED = "failed"

    @property
    def done(self) -> bool:
        """Whether nothing more happens to the clip by itself."""
        return self not in (State.PENDING, State.QUEUED)


class Score(StrEnum):
    """How a clip counts in the live accuracy."""

    UNTOLD = "untold"
    """No truth is known that counts."""
    UNSCORED = "unscored"
    """There is a truth, but no label given without having been trained on the clip."""
    RIGHT = "right"
    WRONG = "wrong"


class Revision(Struct, frozen=True, order=True):
    """What tells one content of a path from the next."""

    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Self:
        return cls(stat.st_size, stat.st_mtime_ns)

    @classmethod
    def parse(cls, text: str) -> Self:
        size, _, mtime = text.partition("-")
        return cls(int(size), int(mtime))

    def __str__(self) -> str:
        return f"{self.size_bytes}-{self.mtime_ns}"


class _Body(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a record that is stored as JSON."""

    digest: str | None = None
    """BLAKE2b-128 of the file's bytes, 32 hex digits."""
    seconds: float | None = None
    rate: int | None = None
    """Sampling rate of the file in Hz."""
    label: int | None = None
    confidence: float | None = None
    top: tuple[tuple[int, float], ...] = ()
    """The three likeliest digits with their probabilities, best first."""
    model: str | None = None
    """The version of the model that gave the label."""
    reason: str | None = None
    """Why the clip failed, or what is strange about it, in plain words."""
    truncated: str | None = None
    """How much less the file holds than its header declares; None: it is whole."""
    note: str | None = None
    """What a listener should know of how it was heard, such as through which channel."""
    truth: Truth | None = None
    speaker: str | None = None
    truth_by: str | None = None
    """Who told the truth: `name`, or whoever corrected it."""
    blind: bool = False
    """Whether the label was given by a model that was not trained on this clip."""
    noted_at: float | None = None
    """When the clip was first seen in this revision, seconds since the epoch."""
    done_at: float | None = None
    """When it was labelled or failed, seconds since the epoch."""


class Record(_Body, frozen=True, kw_only=True):
    """All that the store knows of one clip.

    A struct rather than a dataclass: it is copied and encoded several times on the way of each
    clip, and a dataclass takes ten times as long.
    """

    path: str
    revision: Revision
    state: State
    gone: bool = False
    """Whether the file is no longer there."""

    def encode(self) -> bytes:
        """Render as `<state> <revision> <here|gone> <score>` and a second line of JSON.

        The first line is what the store's scripts and the reconciler read, without JSON.
        """
        presence = "gone" if self.gone else "here"
        head = f"{self.state} {self.revision} {presence} {self.score}\n"
        return head.encode() + _as_json(msgspec.convert(self, _Body, from_attributes=True))

    @classmethod
    def decode(cls, path: str, data: bytes) -> Self:
        head, _, body = data.partition(b"\n")
        state, revision, gone = head_of(head)
        return cls(path=path, state=state, revision=revision, gone=gone, **asdict(_body(body)))

    def as_json(self) -> dict[str, Any]:
        """The record as plain values, for `--json`, events and the web."""
        plain = {"revision": str(self.revision), "top": [list(pair) for pair in self.top]}
        return asdict(self) | plain

    def but(self, **changes: Any) -> Self:
        """The same record with other values."""
        return replace(self, **changes)

    def told(self, told: Told) -> Self:
        if (self.truth, self.speaker, self.truth_by) == (told.digit, told.speaker, told.by):
            return self
        return self.but(truth=told.digit, speaker=told.speaker, truth_by=told.by)

    @property
    def confirmed(self) -> bool:
        """Whether its truth counts; of a truncated clip a person must tell it, not the name."""
        return self.truth is not None and (self.truncated is None or self.spoken_for)

    @property
    def spoken_for(self) -> bool:
        """Whether a person has said what it is."""
        return self.truth_by not in (None, "name")

    @property
    def score(self) -> Score:
        """Whether a blind label met the truth, where that can be said."""
        if not self.confirmed:
            return Score.UNTOLD
        if self.label is None or not self.blind:
            return Score.UNSCORED
        return Score.RIGHT if self.label == self.truth else Score.WRONG


def why(truncated: str | None, doubt: str | None, note: str | None) -> str | None:
    """What is strange about a clip, in plain words; None when nothing is.

    Parameters
    ----------
    truncated, note
        As in a record.
    doubt
        Why the model is not sure.

    Examples
    --------
    >>> why("declares 10.0 s, holds 0.6 s", "it sounds like no digit", None)
    'the file is truncated: it declares 10.0 s, holds 0.6 s; it sounds like no digit'
    """
    cut = truncated and f"the file is truncated: it {truncated}"
    return "; ".join(part for part in (cut, doubt, note) if part) or None


_as_json = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(_Body).decode


def head_of(data: bytes) -> tuple[State, Revision, bool]:
    """Read state, revision and whether the file is gone, without decoding the body."""
    state, revision, presence, _ = data.partition(b"\n")[0].decode().split(" ")
    return State(state), Revision.parse(revision), presence == "gone"
