"""What is known to be spoken in a clip, and by whom: from its name, or because a person said so."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Truth = int | Literal["none"]
"""The digit that is spoken, or "none": somebody listened, and it is no digit."""
_CONVENTION = re.compile(
    r"(?P<digit>[0-9])_(?P<speaker>[^_/]+)_(?P<take>[0-9]+)\.wave?", re.IGNORECASE
)
_NO_SPEAKERS = frozenset((
    *("audio", "audio track", "track", "label", "untitled", "recording", "new recording"),
    *("sound", "sound recording", "voice", "voice memo", "voice recording", "memo", "rec", "clip"),
))  # fmt: skip
"""What editors and recorders call what nobody has named: of Audacity's `1_Audio_1.wav` the 1 is the
track's number, and no digit. In small letters, without a number of its own as in `Audio 2`."""
_NUMBER_BEHIND = re.compile(r"[ .-]+[0-9]+$")


class Told(Struct, frozen=True):
    """What is known of a clip before anybody listens to it, and who said so."""

    digit: Truth | None = None
    speaker: str | None = None
    by: str | None = None


UNTOLD = Told()


def told_by_name(path: str) -> Told:
    """Read truth and speaker from a name of the form `{digit}_{speaker}_{take}.wav`.

    AudioMNIST and the Free Spoken Digit Dataset both use it. Any other name tells nothing, nor does
    one whose speaker is what an editor or a recorder calls a track.

    Examples
    --------
    >>> told_by_name("theo/7_theo_3.wav")
    Told(digit=7, speaker='theo', by='name')
    >>> told_by_name("memo.wav")
    Told(digit=None, speaker=None, by=None)
    >>> told_by_name("1_Audio_1.wav")
    Told(digit=None, speaker=None, by=None)
    """
    match = _CONVENTION.fullmatch(path.rpartition("/")[2])
    if match is None or _is_no_speaker(match["speaker"]):
        return UNTOLD
    return Told(digit=int(match["digit"]), speaker=match["speaker"], by="name")


def _is_no_speaker(name: str) -> bool:
    plain = _NUMBER_BEHIND.sub("", name.strip()).replace("-", " ").casefold()
    return plain in _NO_SPEAKERS


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
