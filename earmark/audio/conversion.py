"""What to do about audio that is no wav: the command that converts it."""

from __future__ import annotations

from pathlib import PurePath

from earmark.audio.content import audio_kind
from earmark.audio.names import shell_quoted

AUDIO_SUFFIXES = frozenset((
    *(".wav", ".wave", ".bwf", ".bw64", ".rf64", ".w64", ".aif", ".aifc", ".aiff", ".au", ".snd"),
    *(".mp2", ".mp3", ".aac", ".ac3", ".m4a", ".m4b", ".wma", ".amr", ".awb", ".caf", ".flac"),
    *(".ape", ".wv", ".oga", ".ogg", ".opus", ".spx", ".mka", ".weba", ".webm", ".nist", ".sph"),
))  # fmt: skip
"""Endings of names that mean audio, in small letters."""
WAV_SUFFIXES = (".wav", ".wave")
HEAD_BYTES = 4096
"""How much of a file is read to tell what it is."""
_DECODED = ("wav", "W64", "AIFF", "AU")
"""Kinds that are read without conversion; what is wrong with one of them, the decoder says."""


def advice(name: str, head: bytes) -> str | None:
    """Say what a file is and how it becomes a wav; None when that would not help.

    Parameters
    ----------
    name
        The file's name on disk, without its folder.
    head
        Its first bytes, a few thousand.

    Examples
    --------
    >>> advice("song.flac", b"fLaC")
    'it is FLAC audio, no wav; convert it: ffmpeg -i song.flac song.wav'
    """
    kind = audio_kind(head) or _told_by_suffix(name)
    if kind is None or kind in _DECODED:
        return None
    source, target = (shell_quoted(each) for each in (name, _converted(name)))
    return f"it is {kind} audio, no wav; convert it: ffmpeg -i {source} {target}"


def _told_by_suffix(name: str) -> str | None:
    suffix = PurePath(name).suffix.lower()
    return suffix[1:].upper() if suffix in AUDIO_SUFFIXES.difference(WAV_SUFFIXES) else None


def _converted(name: str) -> str:
    stem, suffix = PurePath(name).stem, PurePath(name).suffix
    return f"{stem}.converted.wav" if suffix.lower() in WAV_SUFFIXES else f"{stem}.wav"
