"""The header of any file that is read as a clip, whatever form it has."""

from __future__ import annotations

from msgspec.structs import replace

from earmark.audio import wav_header
from earmark.audio.aiff_header import parse_aiff, parse_au
from earmark.audio.content import WAV_FORMS, audio_kind, id3_bytes
from earmark.audio.wav_header import Header
from earmark.errors import ClipError

SLACK_BYTES = 44
"""What a size may be too large by without any audio missing: a plain header."""


def parse(data: bytes) -> Header:
    """Read the header of a whole file: wav, Wave64, AIFF or AU, also behind an ID3 tag.

    Raises
    ------
    ClipError
        When it is none of them, or its header is damaged or not yet whole.
    """
    if data[:4] in WAV_FORMS:
        return wav_header.parse(data)
    tag_bytes = id3_bytes(data)
    if tag_bytes:
        header = _parse_other(data[tag_bytes:], data)
        return replace(header, data_offset=header.data_offset + tag_bytes)
    return _parse_other(data, data)


def is_whole(head: bytes, size_bytes: int) -> bool:
    """Whether a growing file holds all that its header declares.

    Parameters
    ----------
    head
        Its first bytes, a few thousand of them or all there are.
    size_bytes
        Of the file by now.

    Raises
    ------
    ClipError
        When too little is written to tell, or it is no file that is read.
    """
    declared = _declared_size(head)
    if declared is None or size_bytes >= declared:
        return True
    try:
        return _counts_header(parse(head), declared - size_bytes)
    except ClipError:
        return False


def missing_bytes(header: Header, size_bytes: int) -> int:
    """Bytes of audio that the header of a file of some size declares and that are not there."""
    if header.data_bytes is None:
        return 0
    missing = header.data_offset + header.data_bytes - size_bytes
    return 0 if missing <= SLACK_BYTES or _counts_header(header, missing) else missing


def _counts_header(header: Header, missing: int) -> bool:
    """Whether the writer told the size of the whole file, or of its RIFF chunk, for the audio's."""
    return missing in (header.data_offset, header.data_offset - 8)


def _parse_other(data: bytes, file: bytes) -> Header:
    kind = audio_kind(data)
    if kind == "AIFF":
        return parse_aiff(data)
    if kind == "AU":
        return parse_au(data)
    if kind not in (None, "wav", "W64"):
        raise ClipError(
            f"it is no wav file but {kind} audio: convert it with: ffmpeg -i FILE NEW.wav"
        )
    return wav_header.parse(data if kind else file)


def _declared_size(head: bytes) -> int | None:
    if head[:4] in WAV_FORMS:
        return wav_header.declared_size(head)
    tag_bytes = id3_bytes(head)
    behind = head[tag_bytes:]
    if audio_kind(behind) in ("AIFF", "AU"):
        header = _parse_other(behind, head)
        known = header.data_bytes
        return None if known is None else tag_bytes + header.data_offset + known
    size = wav_header.declared_size(behind)
    return None if size is None else tag_bytes + size
