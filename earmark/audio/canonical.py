"""The audio of any file behind a plain header of our own, which libsndfile reads without doubt.

libsndfile stumbles over chunks that tell nothing about the audio, over forms that it does not know
(BW64), and over headers that contradict themselves where every player goes by the bits alone.
"""

from __future__ import annotations

import struct

import numpy as np

from earmark.audio.wav_header import A_LAW, IEEE_FLOAT, MU_LAW, PCM, Header
from earmark.errors import ClipError

PLAIN = (PCM, IEEE_FLOAT, A_LAW, MU_LAW)
"""Codings with a fixed number of bytes a sample; all others are packed into blocks."""

_FLOAT_24 = (2.0**-24, 2.0**25)
"""Values between which samples lie when Cool Edit's 32-bit floats of 24-bit scale are meant."""
_QUIETEST = 1 << 23
"""Below this (of 2**31) samples in the upper bytes look like samples in the lower ones."""
_LARGEST = 0xFFFF_0000
"""Audio that a size of 32 bits can tell (bytes)."""
_AU_ENCODINGS = {
    (PCM, 1): 2, (PCM, 2): 3, (PCM, 3): 4, (PCM, 4): 5, (IEEE_FLOAT, 4): 6, (IEEE_FLOAT, 8): 7,
}  # fmt: skip


def sample_bytes(header: Header, data: bytes) -> int:
    """Bytes that a sample of a plain coding takes.

    Players go by the bits and pass over a block size that contradicts them. Only of 17 to 24 bits
    in 4 bytes they make different things: the samples must then stand in the upper bytes, as the
    format's definition says, and be nothing else by any reading.

    Raises
    ------
    ClipError
        When the header leaves it open.
    """
    if header.coding in (A_LAW, MU_LAW):
        return 1
    if header.coding == PCM and 16 < header.bits <= 24:
        if header.frame_bytes == 4 * header.channels:
            _insist_on_upper_bytes(header, data)
            return 4
        return 3
    readable = (32, 64) if header.coding == IEEE_FLOAT else (*range(1, 33), 64)
    if header.bits not in readable:
        raise ClipError(
            f"its samples have {header.bits} bits; "
            + (
                "32 or 64 can be read of float"
                if header.coding == IEEE_FLOAT
                else "1 to 32, or 64 can be read"
            )
        )
    return (header.bits + 7) // 8


def rewritten(data: bytes, header: Header, audio_bytes: int) -> bytes:
    """A file of the same audio with a header that says no more than needed.

    Parameters
    ----------
    data
        The whole file.
    audio_bytes
        How much of it, from where the audio begins, is audio.

    Raises
    ------
    ClipError
        When its header leaves open how the samples lie.
    """
    if audio_bytes > _LARGEST:
        raise ClipError(f"it is too long: {audio_bytes:,} bytes of audio")
    audio = data[header.data_offset : header.data_offset + audio_bytes]
    if header.coding not in PLAIN:
        return _wav(header.format, audio)
    size = sample_bytes(header, data)
    if header.coding == PCM and size == 8:
        audio, size = _upper_halves(audio, header), 4
    if (header.big_endian and size > 1) or (header.signed_bytes and header.coding == PCM):
        return _au(header, size, audio)
    frame = header.channels * size
    rate = header.rate
    return _wav(
        struct.pack("<HHIIHH", header.coding, header.channels, rate, rate * frame, frame, size * 8),
        audio,
    )


def _wav(form: bytes, audio: bytes) -> bytes:
    size = 4 + 8 + len(form) + (len(form) & 1) + 8 + len(audio)
    head = struct.pack("<4sI4s4sI", b"RIFF", size, b"WAVE", b"fmt ", len(form))
    return head + form + bytes(len(form) & 1) + struct.pack("<4sI", b"data", len(audio)) + audio


def _au(header: Header, size: int, audio: bytes) -> bytes:
    """AU, for it has big-endian samples and signed bytes; `dns.` is its little-endian twin."""
    order, magic = (">", b".snd") if header.big_endian else ("<", b"dns.")
    encoding = _AU_ENCODINGS[header.coding, size]
    numbers = (24, len(audio), encoding, header.rate, header.channels)
    return struct.pack(f"{order}4s5I", magic, *numbers) + audio


def _upper_halves(audio: bytes, header: Header) -> bytes:
    """32 bits of each sample of 64; libsndfile knows no larger integers."""
    halves = np.frombuffer(audio, "<i4", len(audio) // 8 * 2)
    return halves[0 if header.big_endian else 1 :: 2].tobytes()


def _insist_on_upper_bytes(header: Header, data: bytes) -> None:
    order = ">" if header.big_endian else "<"
    end = header.data_offset + (header.data_bytes if header.data_bytes is not None else len(data))
    count = max(0, min(end, len(data)) - header.data_offset) // 4
    words = np.frombuffer(data, f"{order}i4", count, header.data_offset)
    if not words.any():
        return
    quiet = words.min() >= -_QUIETEST and words.max() < _QUIETEST
    if quiet or (words & 0xFF).any() or _are_floats(words.view(f"{order}f4")):
        raise ClipError(
            f"players differ in what they make of its {header.bits} bits in 4 bytes a sample: "
            "convert it to PCM of 24 or 32 bits where it was made"
        )


def _are_floats(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bool:
    sizes = np.abs(values[values != 0])
    return bool(
        np.isfinite(sizes).all() and _FLOAT_24[0] <= sizes.min() and sizes.max() <= _FLOAT_24[1]
    )
