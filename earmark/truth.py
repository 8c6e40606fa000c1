"""What is known to be spoken in a clip, and by whom: from its name, or because a person said so."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Truth = int | Literal["none"]
"""The digit that is spoken, or "none": somebody listened, and it is no digit."""
_CONVENTION = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_/]+)_(?P<take>\d+)\.wave?", re.IGNORECASE)


class Told(Struct, frozen=True):
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
