"""How files are damaged: each mutation takes bytes and chance, and gives other bytes."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

HEADER_BYTES = 96
LONGEST = 200_000
EDGES = (
    0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 64, 255, 256, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x1_0000,
    0x7FFF_EFFF, 0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF,
)  # fmt: skip
TAGS = (0, 1, 2, 3, 5, 6, 7, 0x11, 0x16, 0x31, 0x32, 0x38, 0x40, 0x55, 0x64, 0x161, 0xFFFE, 0xFFFF)
NAMES = (b"fmt ", b"data", b"ds64", b"fact", b"LIST", b"RIFF", b"RF64", b"WAVE", b"bext", b"cue ",
         b"PEAK", b"COMM", b"SSND", b"FORM", b"FLLR",
         b"smpl", b"inst", b"acid", b"junk", b"\0\0\0\0")  # fmt: skip

STARTS = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b".snd", b"fLaC", b"ID3\4",
          b"FORM\0\0\0\0AIFF", b"FORM\0\0\0\0AIFC", b"\0\0\0\x18ftypM4A ")  # fmt: skip

Mutation = Callable[[bytes, random.Random], bytes]


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def spoil_header(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(min(HEADER_BYTES, len(changed)))] = chance.randrange(256)
    return bytes(changed)


def set_number(data: bytes, chance: random.Random) -> bytes:
    """A value at the edge of its type where a header may hold a number."""
    layout = chance.choice(("<H", "<I", "<Q"))
    size = struct.calcsize(layout)
    value = chance.choice(EDGES) & (256**size - 1)
    at = chance.randrange(0, max(1, min(HEADER_BYTES, len(data) - size)), 2)
    return data[:at] + struct.pack(layout, value) + data[at + size :]


def set_coding(data: bytes, chance: random.Random) -> bytes:
    at = data.find(b"fmt ") + 8
    fields = struct.pack("<HH", chance.choice(TAGS), chance.choice((0, 1, 2, 6, 32, 33, 0xFFFF)))
    return data[:at] + fields + data[at + 4 :]


def set_blocks(data: bytes, chance: random.Random) -> bytes:
    """Block size and bits that contradict each other."""
    at = data.find(b"fmt ") + 20
    fields = struct.pack("<HH", chance.choice((0, 1, 2, 3, 4, 6, 8)), chance.randint(0, 65))
    return data[:at] + fields + data[at + 4 :]


def kill_recorder(data: bytes, chance: random.Random) -> bytes:
    """A data size that was never written, under whatever size of the whole."""
    at = max(data.find(b"data"), data.find(b"SSND"), 4) + 4
    sizes = (0, 8, 36, 4_088, max(0, len(data) - 8), 0xFFFF_FFFF)
    whole = struct.pack("<I", chance.choice(sizes))
    return data[:4] + whole + data[8:at] + bytes(4) + data[at + 4 :]


def set_form(data: bytes, chance: random.Random) -> bytes:
    """The beginning of another form."""
    return chance.choice(STARTS) + data[chance.choice((4, 12)) :]


def put_tag(data: bytes, chance: random.Random) -> bytes:
    size = chance.choice((0, 10, 127, 128, 5_000))
    tag = b"ID3\4\0" + bytes((chance.choice((0, 16)), 0, 0, size >> 7 & 127, size & 127))
    return tag + bytes(chance.choice((0, size))) + data


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def lengthen(data: bytes, chance: random.Random) -> bytes:
    return data + chance.randbytes(chance.randint(1, 300))


def drop_piece(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(min(len(data), 2 * HEADER_BYTES))
    return data[:at] + data[at + chance.randint(1, 64) :]


def repeat_piece(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(min(len(data), 2 * HEADER_BYTES))
    piece = data[at : at + chance.randint(1, 64)]
    return data[:at] + piece * chance.choice((2, 3, 50)) + data[at:]


def insert_chunk(data: bytes, chance: random.Random) -> bytes:
    at = chance.choice((12, 36, 44, max(12, data.find(b"data"))))
    size = chance.choice((*EDGES, 5, 17))
    body = chance.randbytes(min(size, chance.randint(0, 80)))
    return data[:at] + chance.choice(NAMES) + struct.pack("<I", size) + body + data[at:]


def fill_samples(data: bytes, chance: random.Random) -> bytes:
    """NaN, infinity, full scale, or noise, where the audio is."""
    at = max(44, data.find(b"data") + 8)
    pattern = chance.choice(
        (b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\xff" * 4, b"\0" * 4, b"\0\x80", chance.randbytes(64))
    )
    return data[:at] + (pattern * (len(data) // len(pattern) + 1))[: max(0, len(data) - at)]


def noise(data: bytes, chance: random.Random) -> bytes:
    head = data[: chance.choice((0, 4, 12, 20, 36, 44))]
    return head + chance.randbytes(chance.randint(0, 400))


MUTATIONS: Sequence[Mutation] = (
    flip_bits, spoil_header, set_number, set_number, set_coding, cut, lengthen, drop_piece,
    repeat_piece, insert_chunk, fill_samples, noise, set_blocks, kill_recorder, set_form, put_tag,
)  # fmt: skip


def damaged(files: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the files after one to four mutations."""
    data = chance.choice(files)
    for _ in range(chance.choice((1, 1, 2, 3, 4))):
        data = chance.choice(MUTATIONS)(data, chance) if data else data
    return data[:LONGEST]
