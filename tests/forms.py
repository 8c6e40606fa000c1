"""Audio files of every form, built from their chunks: what `soundfile` alone would not write."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile

GUID = bytes.fromhex("000000001000800000aa00389b71")
TONE = (12_000 * np.sin(np.arange(400) / 5)).astype("<i2")
PCM16 = TONE.tobytes()
PCM24 = b"".join((each * 256).to_bytes(3, "little", signed=True) for each in TONE.tolist())
PCM32 = (TONE.astype("<i4") << 16).tobytes()
PCM8 = ((TONE >> 8) + 128).astype("u1").tobytes()
SIGNED8 = (TONE >> 8).astype("i1").tobytes()
PCM64 = (TONE.astype("<i8") << 48).tobytes()
FLOAT = (TONE / 32_768).astype("<f4").tobytes()
ID3 = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)
PCM12 = (TONE & -16).astype("<i2").tobytes()


def chunk(name: bytes, body: bytes, *, padded: bool = True, size: int | None = None) -> bytes:
    told = len(body) if size is None else size
    return name + struct.pack("<I", told) + body + b"\0" * (padded and len(body) & 1)


def plain(bits: int = 16, *, coding: int = 1, channels: int = 1, frame: int | None = None) -> bytes:
    frame = channels * bits // 8 if frame is None else frame
    return struct.pack("<HHIIHH", coding, channels, 8_000, 8_000 * frame, frame, bits)


def extensible(bits: int, valid: int, *, coding: int = 1, channels: int = 1) -> bytes:
    sub_format = struct.pack("<H", coding) + GUID
    return (
        plain(bits, coding=0xFFFE, channels=channels)
        + struct.pack("<HHI", 22, valid, 0)
        + sub_format
    )


def riff(*chunks: bytes, form: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return form + struct.pack("<I", len(body) if size is None else size) + body


def rifx(form: bytes, audio: bytes) -> bytes:
    """Big-endian, from little-endian chunks of numbers of two bytes and a plain format."""
    numbers = struct.pack(">HHIIHH", *struct.unpack_from("<HHIIHH", form, 8))
    body = b"WAVEfmt " + struct.pack(">I", 16) + numbers + b"data"
    return b"RIFX" + struct.pack(">I", 300) + body + audio[7:3:-1] + audio[8:]


def w64(form: bytes, audio: bytes, size: int | None = None) -> bytes:
    rest = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    chunks = b""
    for name, body in ((b"fmt ", form), (b"data", audio)):
        told = size if size is not None and name == b"data" else 24 + len(body)
        chunks += name + rest + struct.pack("<Q", told) + body + bytes(-len(body) % 8)
    whole = b"wave" + rest + chunks
    guid = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
    return guid + struct.pack("<Q", 24 + len(whole)) + whole


def aiff(audio: bytes, kind: bytes | None = None, bits: int = 16, size: int | None = None) -> bytes:
    rate = struct.pack(">HQ", 16_383 + 12, 8_000 << 51)
    common = struct.pack(">hIh", 1, len(TONE), bits) + rate + (kind or b"") + bytes(2 * bool(kind))
    sound = bytes(8) + audio
    told = len(sound) if size is None else size
    chunks = b"COMM" + struct.pack(">I", len(common)) + common
    chunks += b"SSND" + struct.pack(">I", told) + sound
    form = b"AIFC" if kind else b"AIFF"
    return b"FORM" + struct.pack(">I", 4 + len(chunks)) + form + chunks


def au(encoding: int, audio: bytes, *, offset: int = 24, size: int | None = None) -> bytes:
    told = len(audio) if size is None else size
    return b".snd" + struct.pack(">5I", offset, told, encoding, 8_000, 1) + audio


def swapped(audio: bytes, width: int) -> bytes:
    return np.frombuffer(audio, "u1").reshape(-1, width)[:, ::-1].tobytes()


def made(subtype: str, form: str = "WAV", rate: int = 8_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, TONE.astype(np.float32) / 32_768, rate, subtype=subtype, format=form)
    return file.getvalue()


def fmt(bits: int = 16, *, coding: int = 1, channels: int = 1, frame: int | None = None) -> bytes:
    return chunk(b"fmt ", plain(bits, coding=coding, channels=channels, frame=frame))


def data(audio: bytes, *, size: int | None = None) -> bytes:
    return chunk(b"data", audio, size=size)


FMT, DATA = fmt(), data(PCM16)
LONG_SIZES = struct.pack("<QQQI", 0, len(PCM16), len(TONE), 0)
FMT24, DATA24 = fmt(24), data(PCM24)
LONG_SIZES24 = struct.pack("<QQQI", 0, len(PCM24), len(TONE), 0)
