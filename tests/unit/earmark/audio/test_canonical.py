"""What libsndfile stumbles over is handed to it behind a header of our own."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from earmark.audio.decode import Limits, decode
from earmark.errors import ClipError
from tests.forms import (
    DATA,
    DATA24,
    FLOAT,
    FMT,
    FMT24,
    ID3,
    LONG_SIZES24,
    PCM16,
    PCM24,
    PCM32,
    PCM64,
    TONE,
    aiff,
    chunk,
    data,
    extensible,
    fmt,
    plain,
    riff,
    rifx,
    swapped,
    w64,
)

LIMITS = Limits(max_bytes=1_000_000, max_seconds=2.0)

BLOCKS_OF = struct.Struct("<H")
OPEN16, OPEN24 = data(PCM16, size=0xFFFF_FFFF), data(PCM24, size=0xFFFF_FFFF)
KILLED16, KILLED24 = data(PCM16, size=0), data(PCM24, size=0)


def blocks(form: bytes, frame: int) -> bytes:
    """The format with another size of its blocks."""
    return chunk(b"fmt ", form[:12] + BLOCKS_OF.pack(frame) + form[14:])


PLAYED = {
    **{f"killed with a RIFF size of {size} ({bits} bits)": riff(form, audio, size=size)
       for size in (0, 8, 36, 844, 0xFFFF_FFFF)
       for bits, form, audio in ((16, FMT, KILLED16), (24, FMT24, KILLED24))},
    "killed behind a filler": riff(FMT, chunk(b"FLLR", bytes(4_044)), KILLED16, size=4_088),
    "RF64, killed": riff(chunk(b"ds64", bytes(28)), FMT, OPEN16, form=b"RF64"),
    "RF64 of unknown size": riff(chunk(b"ds64", b"\xff" * 28), FMT, OPEN16, form=b"RF64"),
    "a streaming size less the header": riff(FMT, data(PCM16, size=0x7FFF_EFDC), size=0x7FFF_F000),
    **{f"16 bits in blocks of {frame}": riff(fmt(frame=frame), DATA)
       for frame in (0, 1, 3, 4, 6, 8)},
    **{f"24 bits in blocks of {frame}": riff(fmt(24, frame=frame), DATA24)
       for frame in (0, 1, 2, 6)},
    **{f"{bits} bits in 16": riff(fmt(bits, frame=2), DATA)
       for bits in (9, 12, 13, 15)},
    **{f"{bits} bits in 24": riff(fmt(bits, frame=3), DATA24)
       for bits in (17, 20, 23)},
    **{f"{bits} bits in 32": riff(fmt(bits, frame=4), data(PCM32))
       for bits in (20, 24, 28, 31)},
    "extensible 12 bits": riff(blocks(extensible(12, 12), 2), DATA),
    "extensible 24 bits in blocks of 4": riff(
        blocks(extensible(24, 24), 4), data(PCM32)),
    "64 bits": riff(fmt(64), data(PCM64)),
    "float in blocks of 1": riff(fmt(32, coding=3, frame=1), data(FLOAT)),
    "BW64 of 24 bits": riff(chunk(b"ds64", LONG_SIZES24), FMT24, OPEN24, form=b"BW64"),
    "stray bytes between chunks": riff(FMT24, bytes(8), DATA24),
    "a chunk of a strange name": riff(FMT24, chunk(b"\1\xff\x80\0", bytes(40)), DATA24),
    "a PEAK chunk that is too short": riff(FMT24, chunk(b"PEAK", bytes(3)), DATA24),
    "an empty fact chunk": riff(FMT24, chunk(b"fact", b""), DATA24),
    "the same format twice": riff(FMT24, FMT24, DATA24),
    "big-endian": rifx(FMT, data(swapped(PCM16, 2))),
    "big-endian, 24 bits": rifx(FMT24, data(swapped(PCM24, 3))),
    "big-endian, 64 bits": rifx(fmt(64), data(swapped(PCM64, 8))),
    "big-endian float": rifx(fmt(32, coding=3), data(swapped(FLOAT, 4))),
    "Wave64": w64(plain(), PCM16),
    "Wave64 of 24 bits": w64(plain(24), PCM24),
    "Wave64, killed": w64(plain(), PCM16, size=0),
    "an ID3 tag in front": ID3 + riff(FMT, DATA),
    "an ID3 tag in front of AIFF": ID3 + aiff(swapped(PCM16, 2)),
}  # fmt: skip


REFUSED = {
    "no bits": (riff(fmt(0, frame=2), DATA), "have 0 bits"),
    "48 bits": (riff(fmt(48), DATA), "have 48 bits"),
    "half a float": (riff(fmt(16, coding=3), DATA), "have 16 bits; 32 or 64"),
    "24 bits in the lower bytes of 32": (
        riff(fmt(24, frame=4), data((TONE.astype("<i4") << 8).tobytes())),
        "players differ in what they make of its 24 bits in 4 bytes"),
    "floats of a 24-bit scale": (
        riff(fmt(24, frame=4), data((TONE * 256).astype("<f4").tobytes())),
        "players differ"),
    "24 bits in 3 bytes that are said to be 4": (
        riff(fmt(24, frame=4), data(PCM24)), "players differ"),
}  # fmt: skip


@pytest.mark.parametrize("what", PLAYED)
def test_what_libsndfile_stumbles_over_is_decoded_to_what_was_recorded(what: str) -> None:
    sound = decode(PLAYED[what], LIMITS)

    assert (sound.rate, sound.truncated) == (8_000, None)
    np.testing.assert_array_equal(sound.samples, TONE.astype(np.float32) / 32_768)


@pytest.mark.parametrize("what", REFUSED)
def test_where_players_differ_in_what_the_samples_are_it_is_refused(what: str) -> None:
    clip, reason = REFUSED[what]

    with pytest.raises(ClipError, match=reason):
        decode(clip, LIMITS)
