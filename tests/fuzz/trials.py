"""What an input is put through, and what it may end with: a value, or an error with a sentence."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from earmark.audio import headers
from earmark.audio.decode import Limits, decode
from earmark.audio.reader import Failed, Recording
from earmark.audio.zip_reader import Member, members, open_archive
from earmark.clips import Revision
from earmark.errors import ClipError
from earmark.frontends import FRONT_ENDS
from earmark.frontends.extract import Outcome, extract
from tests.fuzz.mutations import damaged

LIMITS = Limits(max_bytes=1_000_000, max_seconds=5.0)
ZIP_EVERY = 8
"""One input in so many is a zip."""
_NO_SENTENCE = re.compile(r"Traceback|0x[0-9a-f]{8,}|<[\w.]+ object|Error\(|^\s*$")


class Unexplained(AssertionError):
    """A refusal whose reason no person would understand, or a vector that is none."""


def trial(wavs: Sequence[bytes], zips: Sequence[bytes], number: int, seed: int) -> str:
    """Put one damaged file through everything; answers how it ended.

    The same seed and number give the same file again.
    """
    chance = random.Random(f"{seed}-{number}")
    if number % ZIP_EVERY == 0:
        return unpack(damaged(zips, chance))
    return hear(damaged(wavs, chance))


def hear(data: bytes) -> str:
    """Header, decoder, and every front end."""
    with suppress(ClipError):
        headers.is_whole(data[:4_096], len(data))
    try:
        sound = decode(data, LIMITS)
    except ClipError as error:
        _insist_on_a_sentence(error.reason)
        return "refused"
    if not (np.isfinite(sound.samples).all() and sound.samples.ndim == 1 and len(sound.samples)):
        raise Unexplained("samples that are none")
    for said in (sound.truncated, sound.note):
        if said is not None:
            _insist_on_a_sentence(said)
    recording = Recording(Path("clip.wav"), Revision(len(data), 0), "00" * 16, sound)
    ends = [_extracted(outcome) for f in FRONT_ENDS.values() for outcome in extract([recording], f)]
    return "decoded" if all(ends) else "without features"


def unpack(data: bytes) -> str:
    """The zip reader, to the last byte of each member that it lets through."""
    try:
        archive = open_archive(io.BytesIO(data))  # type: ignore[arg-type]
    except ClipError as error:
        _insist_on_a_sentence(error.reason)
        return "zip refused"
    with archive:
        for item in members(archive, LIMITS.max_bytes):
            _unpack_member(item)
    return "zip opened"


def _unpack_member(item: Member | Failed) -> None:
    if isinstance(item, Failed):
        _insist_on_a_sentence(item.reason)
        return
    if item.path.startswith("/") or ".." in item.path.split("/"):
        raise Unexplained(f"a path that leads out: {item.path!r}")
    try:
        with item.open() as content:
            read = len(content.read())
    except ClipError as error:
        _insist_on_a_sentence(error.reason)
        return
    if read > LIMITS.max_bytes:
        raise Unexplained(f"{read:,} bytes came out of {item.path!r}")


def _extracted(outcome: Outcome) -> bool:
    if isinstance(outcome, Failed):
        _insist_on_a_sentence(outcome.reason)
        return False
    if not np.isfinite(outcome.vector).all():
        raise Unexplained("a vector that is not finite")
    return True


def _insist_on_a_sentence(reason: str) -> None:
    if _NO_SENTENCE.search(reason) or "\0" in reason:
        raise Unexplained(f"no sentence: {reason!r}")
