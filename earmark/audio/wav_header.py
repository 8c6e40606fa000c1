"""The header of a wav file: what it says, and whether that can be.

A wav file is a RIFF file of form WAVE: chunks of an id, a size and a body, of which `fmt ` says
how the samples are coded and `data` holds them. RF64 and BW64 are the same with 64-bit sizes in a
`ds64` chunk (EBU Tech 3306, ITU-R BS.2088).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from earmark.errors import ClipError

PCM = 0x0001
IEEE_FLOAT = 0x0003
EXTENSIBLE = 0xFFFE

STREAMING_SIZE = 0x7FFF_F000
"""From here on (bytes), a 32-bit size means "unknown": sox writes 0x7FFFF000 into a pipe, arecord
0x80000000, ffmpeg 0xFFFFFFFF."""

MAX_CHUNKS = 1_000
"""Chunks that may precede the audio; real files have fewer than twenty."""

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_DS64 = struct.Struct("<QQ")
_FORMS = (b"RIFF", b"RF64", b"BW64")


@dataclass(frozen=True, slots=True)
class Header:
    """What a wav file says about itself."""

    coding: int
    """Format tag, such as `PCM`; that of the sub-format in an extensible file."""
    channels: int
    rate: int
    """Sampling rate (Hz)."""
    bits: int
    """Bits a sample; 0 in codings that have no such thing."""
    frame_bytes: int
    """Bytes a frame of one sample per channel; in packed codings, bytes a block."""
    data_offset: int
    """Where the audio begins (bytes)."""
    data_bytes: int | None
    """Length of the audio; None when the writer did not know it: then the rest is audio."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    size: int
    start: int


def parse(data: bytes) -> Header:
    """Read the header of a whole file, or of as much of it as is there.

    Raises
    ------
    ClipError
        When it is no wav file, or its header is damaged or not yet whole.
    """
    _check_form(data)
    coding = None
    long_sizes = None
    for chunk in _chunks(data):
        if chunk.name == b"fmt ":
            coding = _read_format(data, chunk)
        elif chunk.name == b"ds64":
            long_sizes = _read_long_sizes(data, chunk)
        elif chunk.name == b"data":
            if coding is None:
                raise ClipError("its header is damaged: the audio comes before its format")
            size = _audio_bytes(data, chunk, long_sizes)
            return Header(*coding, data_offset=chunk.start, data_bytes=size)
    raise ClipError("there is no audio in it: the file ends before a data chunk begins")


def declared_size(head: bytes) -> int | None:
    """Size that a growing file will have at least, once all its audio is written.

    Parameters
    ----------
    head
        The first bytes of the file, a few thousand of them or all there are.

    Returns
    -------
    int or None
        Bytes; None when the writer did not know the length of the audio beforehand.

    Raises
    ------
    ClipError
        When it is no wav file, or too little is written to tell.
    """
    _check_form(head)
    long_sizes = None
    for chunk in _chunks(head):
        if chunk.name == b"ds64":
            long_sizes = _read_long_sizes(head, chunk)
        elif chunk.name == b"data":
            size = _audio_bytes(head, chunk, long_sizes)
            return None if size is None else chunk.start + size
    if long_sizes:
        return long_sizes[0] + 8
    riff_bytes = _riff_bytes(head)
    return None if riff_bytes is None else riff_bytes + 8


def _check_form(data: bytes) -> None:
    if not data:
        raise ClipError("the file is empty")
    if not data[:4] or not any(form.startswith(data[:4]) for form in _FORMS):
        raise ClipError(f"it is no wav file: it begins with {_shown(data[:4])}, not with 'RIFF'")
    if len(data) < 12:
        raise ClipError(f"the file ends within its header, after {len(data)} bytes")
    if data[8:12] != b"WAVE":
        raise ClipError(f"it is no wav file: it is a RIFF file that holds {_shown(data[8:12])}")


def _chunks(data: bytes) -> Iterator[_Chunk]:
    position = 12
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            return
        name, size = _CHUNK.unpack_from(data, position)
        yield _Chunk(name, size, position + 8)
        # Bodies are padded to an even length.
        position += 8 + size + (size & 1)
    raise ClipError(f"its header is damaged: {MAX_CHUNKS:,} chunks and no audio among them")


def _read_format(data: bytes, chunk: _Chunk) -> tuple[int, int, int, int, int]:
    if chunk.size < _FORMAT.size:
        raise ClipError(
            f"its header is damaged: the format takes {_FORMAT.size} bytes at least, "
            f"not {chunk.size}"
        )
    if len(data) < chunk.start + _FORMAT.size:
        raise ClipError(f"the file ends within its header, after {len(data)} bytes")
    coding, channels, rate, _, frame_bytes, bits = _FORMAT.unpack_from(data, chunk.start)
    sub_format = chunk.start + 24
    if coding == EXTENSIBLE and chunk.size >= 26 and len(data) >= sub_format + 2:
        coding = int.from_bytes(data[sub_format : sub_format + 2], "little")
    return coding, channels, rate, bits, frame_bytes


def _read_long_sizes(data: bytes, chunk: _Chunk) -> tuple[int, int]:
    if chunk.size < _DS64.size or len(data) < chunk.start + _DS64.size:
        raise ClipError("its header is damaged: the 64-bit sizes are cut short")
    riff_bytes, data_bytes = _DS64.unpack_from(data, chunk.start)
    return riff_bytes, data_bytes


def _audio_bytes(data: bytes, chunk: _Chunk, long_sizes: tuple[int, int] | None) -> int | None:
    if long_sizes and chunk.size == 0xFFFF_FFFF:
        return long_sizes[1]
    if chunk.size >= STREAMING_SIZE:
        return None
    # A recorder that was cut off, or wrote into a pipe, leaves both sizes unset; a clip of no
    # samples says 0 here but has a RIFF size.
    if chunk.size == 0 and _riff_bytes(data) is None:
        return None
    return chunk.size


def _riff_bytes(data: bytes) -> int | None:
    size = int.from_bytes(data[4:8], "little")
    return None if size == 0 or size >= STREAMING_SIZE else size


def _shown(first_bytes: bytes) -> str:
    return repr(first_bytes.decode("latin-1"))
