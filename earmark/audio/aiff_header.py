"""The headers of AIFF, AIFF-C and AU files, which recorders also name .wav.

AIFF is Apple's big-endian counterpart of wav: `COMM` says how the samples are coded, `SSND` holds
them. AU is Sun's, with a header of six numbers. Only what wav files have, too, is read: PCM,
float, A-law and mu-law.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from earmark.audio.wav_header import A_LAW, IEEE_FLOAT, MAX_CHUNKS, MU_LAW, PCM, Header
from earmark.errors import ClipError
from earmark.wording import counted

_AIFF_CODINGS = {
    b"NONE": (PCM, 0), b"twos": (PCM, 0), b"sowt": (PCM, 0), b"raw ": (PCM, 8),
    b"in24": (PCM, 24), b"42ni": (PCM, 24), b"in32": (PCM, 32), b"23ni": (PCM, 32),
    b"fl32": (IEEE_FLOAT, 32), b"FL32": (IEEE_FLOAT, 32),
    b"fl64": (IEEE_FLOAT, 64), b"FL64": (IEEE_FLOAT, 64),
    b"alaw": (A_LAW, 8), b"ALAW": (A_LAW, 8), b"ulaw": (MU_LAW, 8), b"ULAW": (MU_LAW, 8),
}  # fmt: skip
"""Compression types with their coding and bits; 0 bits: those that `COMM` tells."""
_LITTLE_ENDIAN = (b"sowt", b"42ni", b"23ni")

_AU_CODINGS = {
    1: (MU_LAW, 8), 2: (PCM, 8), 3: (PCM, 16), 4: (PCM, 24), 5: (PCM, 32),
    6: (IEEE_FLOAT, 32), 7: (IEEE_FLOAT, 64), 27: (A_LAW, 8),
}  # fmt: skip
_AU = struct.Struct(">4s5I")
_UNKNOWN = 0xFFFF_FFFF


def parse_aiff(data: bytes) -> Header:
    """Read the header of an AIFF file, or of as much of it as is there.

    Raises
    ------
    ClipError
        When it is damaged, not yet whole, or in a coding that no wav file has.
    """
    common, sound = b"", None
    for name, start, size in _aiff_chunks(data):
        if name == b"COMM":
            common = data[start : start + min(size, 22)]
        elif name == b"SSND" and len(data) >= start + 8:
            sound = start, size
    if len(common) < 18 or sound is None:
        raise ClipError("there is no audio in it: the file ends before COMM and SSND are whole")
    return _aiff_header(data, common, *sound)


def parse_au(data: bytes) -> Header:
    """Read the header of an AU file.

    Raises
    ------
    ClipError
        When it is damaged, not yet whole, or in a coding that no wav file has.
    """
    if len(data) < _AU.size:
        raise ClipError(f"the file ends within its header, after {counted(len(data), 'byte')}")
    _, offset, size, encoding, rate, channels = _AU.unpack_from(data)
    if encoding not in _AU_CODINGS:
        raise ClipError(f"it cannot be decoded (AU, encoding {encoding}): convert it to PCM")
    if offset < _AU.size:
        raise ClipError(f"its header is damaged: its audio begins at byte {offset}")
    coding, bits = _AU_CODINGS[encoding]
    known = None if size == _UNKNOWN or (size == 0 and len(data) > offset) else size
    frame = channels * bits // 8
    return Header(coding, channels, rate, bits, frame, offset, known, True, signed_bytes=True)


def _aiff_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    position = 12
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            return
        name, size = struct.unpack_from(">4sI", data, position)
        yield name, position + 8, size
        position += 8 + size + (size & 1)


def _aiff_header(data: bytes, common: bytes, start: int, size: int) -> Header:
    channels, _, bits = struct.unpack_from(">HIH", common)
    kind = common[18:22] if data[8:12] == b"AIFC" else b"NONE"
    if kind not in _AIFF_CODINGS:
        raise ClipError(f"it cannot be decoded (AIFF, {_shown(kind)}): convert it to PCM")
    coding, fixed_bits = _AIFF_CODINGS[kind]
    bits = fixed_bits or bits
    skipped = int.from_bytes(data[start : start + 4], "big")
    known = None if size in (0, _UNKNOWN) else max(size - 8 - skipped, 0)
    return Header(
        coding,
        channels,
        _rate(common[8:18]),
        bits,
        channels * ((bits + 7) // 8),
        start + 8 + skipped,
        known,
        big_endian=kind not in _LITTLE_ENDIAN,
        signed_bytes=kind != b"raw ",
    )


def _rate(extended: bytes) -> int:
    """An 80-bit float (IEEE 754 extended) of at most 32 bits; larger ones are no sampling rate."""
    exponent, mantissa = struct.unpack(">HQ", extended)
    if exponent >= 16_383 + 32:
        return 1 << 32
    return round(math.ldexp(mantissa, exponent - 16_383 - 63))


def _shown(kind: bytes) -> str:
    return repr(kind.decode("latin-1"))
