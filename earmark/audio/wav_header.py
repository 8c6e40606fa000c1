"""The header of a wav file: what it says, and whether that can be.

A wav file is a RIFF file of form WAVE: chunks of an id, a size and a body, of which `fmt ` says
how the samples are coded and `data` holds them. RIFX is the same with the bytes of all numbers
swapped. RF64 and BW64 have 64-bit sizes in a `ds64` chunk (EBU Tech 3306, ITU-R BS.2088); in Sony
Wave64 every size has 64 bits, and every id is a GUID that begins with the id of a wav file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from msgspec import Struct

from earmark.audio.content import W64_START, WAV_FORMS
from earmark.errors import ClipError
from earmark.wording import counted

PCM = 0x0001
IEEE_FLOAT = 0x0003
A_LAW = 0x0006
MU_LAW = 0x0007
EXTENSIBLE = 0xFFFE

STREAMING_SIZE = 0x7FFF_F000
"""From here on (bytes), a 32-bit size means "unknown": sox writes 0x7FFFF000 into a pipe, arecord
0x80000000, ffmpeg 0xFFFFFFFF; others take the bytes of the header off."""
_NO_SIZE = 1 << 63
"""From here on (bytes), a 64-bit size means "unknown"."""

_LONGEST_FORMAT = 1_000
"""Bytes of a format that are kept; Microsoft's ADPCM takes 50."""
MAX_CHUNKS = 1_000
"""Chunks that may precede the audio; real files have fewer than twenty."""

_LITTLE_CHUNK, _BIG_CHUNK = struct.Struct("<4sI"), struct.Struct(">4sI")
_LONG_CHUNK = struct.Struct("<16sQ")
_LITTLE_FORMAT, _BIG_FORMAT = struct.Struct("<HHIIHH"), struct.Struct(">HHIIHH")
_DS64 = struct.Struct("<QQ")


class Header(Struct, frozen=True):
    """What an audio file says about itself.

    A struct rather than a dataclass: one is made of each clip, and takes a tenth of the time.
    """

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
    big_endian: bool = False
    signed_bytes: bool = False
    """Whether samples of 8 bits are signed, as in AIFF and AU."""
    format: bytes = b""
    """Body of the `fmt ` chunk where a packed coding has more to say in it."""


class _Chunk(Struct, frozen=True):
    name: bytes
    size: int
    start: int


def parse(data: bytes) -> Header:
    """Read the header of a whole file.

    Raises
    ------
    ClipError
        When it is no wav file, or its header is damaged or not yet whole.
    """
    _check_form(data)
    form = None
    long_sizes = None
    for chunk in _chunks(data):
        if chunk.name == b"fmt ":
            form = _one_format(form, _read_format(data, chunk))
        elif chunk.name == b"ds64":
            long_sizes = _read_long_sizes(data, chunk)
        elif chunk.name == b"data":
            if form is None:
                raise ClipError("its header is damaged: the audio comes before its format")
            size = _audio_bytes(data, chunk, long_sizes)
            _insist_on_one_audio(data, chunk, size)
            coding, channels, rate, bits, frame_bytes, body = form
            big = data[:4] == b"RIFX"
            return Header(
                coding, channels, rate, bits, frame_bytes, chunk.start, size, big, format=body
            )
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
    if long_sizes and 0 < long_sizes[0] < _NO_SIZE:
        return long_sizes[0] + 8
    return _riff_bytes(head)


def _check_form(data: bytes) -> None:
    if not data:
        raise ClipError("the file is empty")
    if data[:4] == W64_START[:4] and W64_START.startswith(data[:16]):
        if len(data) < 40:
            raise ClipError(f"the file ends within its header, after {counted(len(data), 'byte')}")
        return
    if not data[:4] or not any(form.startswith(data[:4]) for form in WAV_FORMS):
        raise ClipError(f"it is no wav file: it begins with {_shown(data[:4])}, not with 'RIFF'")
    if len(data) < 12:
        raise ClipError(f"the file ends within its header, after {counted(len(data), 'byte')}")
    if data[8:12] != b"WAVE":
        raise ClipError(f"it is no wav file: it is a RIFF file that holds {_shown(data[8:12])}")


def _chunks(data: bytes) -> Iterator[_Chunk]:
    if data[:4] == W64_START[:4]:
        return _long_chunks(data)
    return _short_chunks(data, 12)


def _short_chunks(data: bytes, position: int) -> Iterator[_Chunk]:
    layout = _BIG_CHUNK if data[:4] == b"RIFX" else _LITTLE_CHUNK
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            return
        name, size = layout.unpack_from(data, position)
        yield _Chunk(name, size, position + 8)
        # Bodies are padded to an even length.
        position += 8 + size + (size & 1)
    raise ClipError(f"its header is damaged: {MAX_CHUNKS:,} chunks and no audio among them")


def _long_chunks(data: bytes) -> Iterator[_Chunk]:
    """Those of Wave64: their sizes count their own heads, their bodies are padded to 8 bytes."""
    position = 40
    for _ in range(MAX_CHUNKS):
        if position + 24 > len(data):
            return
        name, size = _LONG_CHUNK.unpack_from(data, position)
        yield _Chunk(name[:4], max(size - 24, 0), position + 24)
        position += max(size, 24) + 7 & ~7
    raise ClipError(f"its header is damaged: {MAX_CHUNKS:,} chunks and no audio among them")


_Format = tuple[int, int, int, int, int, bytes]


def _read_format(data: bytes, chunk: _Chunk) -> _Format:
    if chunk.size < _LITTLE_FORMAT.size:
        raise ClipError(
            f"its header is damaged: the format takes {_LITTLE_FORMAT.size} bytes at least, "
            f"not {chunk.size}"
        )
    if len(data) < chunk.start + _LITTLE_FORMAT.size:
        raise ClipError(f"the file ends within its header, after {counted(len(data), 'byte')}")
    big = data[:4] == b"RIFX"
    layout = _BIG_FORMAT if big else _LITTLE_FORMAT
    coding, channels, rate, _, frame_bytes, bits = layout.unpack_from(data, chunk.start)
    if coding == PCM:
        return coding, channels, rate, bits, frame_bytes, b""
    body = data[chunk.start : chunk.start + min(chunk.size, _LONGEST_FORMAT)]
    if coding == EXTENSIBLE and len(body) >= 26:
        coding = int.from_bytes(body[24:26], "big" if big else "little")
    return coding, channels, rate, bits, frame_bytes, body


def _one_format(before: _Format | None, found: _Format) -> _Format:
    if before is not None and before[:4] != found[:4]:
        raise ClipError(
            "its header contradicts itself: it has two formats, and players differ in which "
            f"they follow ({_format_text(before)}, or {_format_text(found)})"
        )
    return found


def _format_text(form: _Format) -> str:
    _, channels, rate, bits = form[:4]
    return f"{channels} x {bits} bits at {rate:,} Hz"


def _read_long_sizes(data: bytes, chunk: _Chunk) -> tuple[int, int]:
    if chunk.size < _DS64.size or len(data) < chunk.start + _DS64.size:
        raise ClipError("its header is damaged: the 64-bit sizes are cut short")
    riff_bytes, data_bytes = _DS64.unpack_from(data, chunk.start)
    return riff_bytes, data_bytes


def _audio_bytes(data: bytes, chunk: _Chunk, long_sizes: tuple[int, int] | None) -> int | None:
    size = chunk.size
    if long_sizes and size == 0xFFFF_FFFF:
        size = long_sizes[1]
    elif data[:4] in WAV_FORMS and size + chunk.start - 8 >= STREAMING_SIZE:
        return None
    if size >= _NO_SIZE:
        return None
    # A recorder that was cut off has not come to write the size; a clip of no samples has
    # nothing behind this chunk, or other chunks.
    if size == 0 and not _ends_in_chunks(data, chunk.start):
        return None
    return size


def _ends_in_chunks(data: bytes, position: int) -> bool:
    """Whether the rest is nothing but chunks, so that it can be no audio."""
    try:
        for chunk in _short_chunks(data, position):
            if not chunk.name.isascii() or not chunk.name.decode().isprintable():
                return False
            position = chunk.start + chunk.size
    except ClipError:
        return False
    # The last one may lack its padding.
    return len(data) - 1 <= position <= len(data)


def _insist_on_one_audio(data: bytes, chunk: _Chunk, size: int | None) -> None:
    if size is None or data[:4] not in WAV_FORMS or chunk.start + size + 8 > len(data):
        return
    try:
        rest = list(_short_chunks(data, chunk.start + size + (size & 1)))
    except ClipError:
        return
    if any(other.name == b"data" and other.size for other in rest):
        raise ClipError("it holds two pieces of audio, and players differ in which they play")


def _riff_bytes(data: bytes) -> int | None:
    """Size of the whole file by its first chunk; None when its writer did not know it yet."""
    if data[:4] == W64_START[:4]:
        size = int.from_bytes(data[16:24], "little")
        return None if size == 0 or size >= _NO_SIZE else size
    size = int.from_bytes(data[4:8], "big" if data[:4] == b"RIFX" else "little")
    return None if size == 0 or size >= STREAMING_SIZE else size + 8


def _shown(first_bytes: bytes) -> str:
    return repr(first_bytes.decode("latin-1"))
