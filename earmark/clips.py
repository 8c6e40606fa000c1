"""What a clip is: its identity, its revision, the truth in its name, its record.

A clip's identity is its path relative to the inbox, with forward slashes. A new size or
modification time under an old path is a new revision, and a new revision is a new job.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, Literal, Self

Truth = int | Literal["none"]
"""The digit that is spoken, or "none": somebody listened, and it is no digit."""

_CONVENTION = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_/]+)_(?P<take>\d+)\.wav", re.IGNORECASE)


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
    """No truth is known."""
    UNSCORED = "unscored"
    """There is a truth, but no label given without having been trained on the clip."""
    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, order=True)
class Revision:
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


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a clip before anybody listens to it, and who said so."""

    digit: Truth | None = None
    speaker: str | None = None
    by: str | None = None


UNTOLD = Told()


def told_by_name(path: str) -> Told:
    """Read truth and speaker from a name of the form `{digit}_{speaker}_{take}.wav`.

    AudioMNIST and the Free Spoken Digit Dataset both use it. Any other name tells nothing.

    Examples
    --------
    >>> told_by_name("theo/7_theo_3.wav")
    Told(digit=7, speaker='theo', by='name')
    >>> told_by_name("memo.wav")
    Told(digit=None, speaker=None, by=None)
    """
    match = _CONVENTION.fullmatch(path.rpartition("/")[2])
    if match is None:
        return UNTOLD
    return Told(digit=int(match["digit"]), speaker=match["speaker"], by="name")


def told_of(path: str, correction: Told | None) -> Told:
    """What is known of a clip: a correction wins over the name, which may still tell the speaker.

    Examples
    --------
    >>> told_of("7_theo_3.wav", Told(digit=1, by="ann"))
    Told(digit=1, speaker='theo', by='ann')
    """
    named = told_by_name(path)
    if correction is None:
        return named
    return replace(correction, speaker=correction.speaker or named.speaker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that the store knows of one clip."""

    path: str
    revision: Revision
    state: State
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
    gone: bool = False
    """Whether the file is no longer there."""

    def encode(self) -> bytes:
        """Render as `<state> <revision> <here|gone> <score>` and a second line of JSON.

        The first line is what the store's scripts and the reconciler read, without JSON.
        """
        told = zip(_BODY, _body(self), strict=True)
        # 0 is a digit, and is told.
        body = {n: v for n, v in told if v is not None and v is not False and v != ()}
        presence = "gone" if self.gone else "here"
        head = f"{self.state} {self.revision} {presence} {self.score}"
        return f"{head}\n{_as_json(body)}".encode()

    @classmethod
    def decode(cls, path: str, data: bytes) -> Self:
        head, _, body = data.partition(b"\n")
        state, revision, presence, _ = head.decode().split(" ")
        values: dict[str, Any] = json.loads(body)
        if "top" in values:
            values["top"] = tuple((digit, share) for digit, share in values["top"])
        return cls(
            path=path,
            state=State(state),
            revision=Revision.parse(revision),
            gone=presence == "gone",
            **values,
        )

    def as_json(self) -> dict[str, Any]:
        """The record as plain values, for `--json`, events and the web."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"revision": str(self.revision), "top": [list(pair) for pair in self.top]}

    def told(self, told: Told) -> Self:
        if (self.truth, self.speaker, self.truth_by) == (told.digit, told.speaker, told.by):
            return self
        return replace(self, truth=told.digit, speaker=told.speaker, truth_by=told.by)

    @property
    def score(self) -> Score:
        """Whether a blind label met the truth, where that can be said."""
        if self.truth is None:
            return Score.UNTOLD
        if self.label is None or not self.blind:
            return Score.UNSCORED
        return Score.RIGHT if self.label == self.truth else Score.WRONG


# Made once: a record is encoded three times on its way to a label.
_HEAD = frozenset({"path", "state", "revision", "gone"})
_BODY = tuple(field.name for field in fields(Record) if field.name not in _HEAD)
_body = attrgetter(*_BODY)
_as_json = json.JSONEncoder(separators=(",", ":")).encode


def head_of(data: bytes) -> tuple[State, Revision, bool]:
    """Read state, revision and whether the file is gone, without decoding the body."""
    state, revision, presence, _ = data.partition(b"\n")[0].decode().split(" ")
    return State(state), Revision.parse(revision), presence == "gone"


def plain_top(probabilities: Mapping[int, float]) -> tuple[tuple[int, float], ...]:
    """The three likeliest digits, best first, rounded to four places."""
    best = sorted(probabilities, key=probabilities.__getitem__, reverse=True)[:3]
    return tuple((digit, round(probabilities[digit], 4)) for digit in best)
