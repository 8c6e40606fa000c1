"""Wavs of every making: each is decoded to what libsndfile reads, or refused in plain words."""

from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earmark.audio.decode import Limits, decode
from earmark.errors import ClipError

LIMITS = Limits(max_bytes=1_000_000, max_seconds=2.0)
GUID = bytes.fromhex("000000001000800000aa00389b71")
TONE = (12_000 * np.sin(np.arange(400) / 5)).astype("<i2")
PCM16 = TONE.tobytes()
PCM24 = b"".join((each * 256).to_bytes(3, "little", signed=True) for each in TONE.tolist())
PCM32 = (TONE.astype("<i4") << 16).tobytes()
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


def made(subtype: str, form: str = "WAV", rate: int = 8_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, TONE.astype(np.float32) / 32_768, rate, subtype=subtype, format=form)
    return file.getvalue()


def by_libsndfile(clip: bytes) -> NDArray[np.float32]:
    frames, _ = soundfile.read(io.BytesIO(clip), dtype="float32", always_2d=True)
    mixed: NDArray[np.float32] = np.mean(frames, axis=1, dtype=np.float32)
    return mixed


FMT, DATA = chunk(b"fmt ", plain()), chunk(b"data", PCM16)
LONG_SIZES = struct.pack("<QQQI", 0, len(PCM16), len(TONE), 0)

DECODED = {
    "RF64": riff(chunk(b"ds64", LONG_SIZES), FMT, chunk(b"data", PCM16, size=0xFFFF_FFFF),
                 form=b"RF64", size=0xFFFF_FFFF),
    "RF64 with sizes of 32 bits": riff(chunk(b"ds64", LONG_SIZES), FMT, DATA, form=b"RF64"),
    "extensible 16 bits": riff(chunk(b"fmt ", extensible(16, 16)), DATA),
    "12 bits in 16": riff(chunk(b"fmt ", extensible(16, 12)), chunk(b"data", PCM12)),
    "20 bits in 24": riff(chunk(b"fmt ", extensible(24, 20)), chunk(b"data", PCM24)),
    "24 bits in 32": riff(chunk(b"fmt ", extensible(32, 24)), chunk(b"data", PCM32)),
    "extensible stereo": riff(chunk(b"fmt ", extensible(16, 16, channels=2)), DATA),
    "extensible float": riff(chunk(b"fmt ", extensible(32, 32, coding=3)),
                             chunk(b"data", (TONE / 32_768).astype("<f4").tobytes())),
    "a format of 18 bytes": riff(chunk(b"fmt ", plain() + b"\0\0"), DATA),
    "a format of 40 bytes": riff(chunk(b"fmt ", plain() + bytes(24)), DATA),
    "an odd chunk before": riff(chunk(b"LIST", b"INFOxyz"), FMT, DATA),
    "an odd chunk between": riff(FMT, chunk(b"junk", b"abc"), DATA),
    "a chunk of no bytes": riff(FMT, chunk(b"junk", b""), DATA),
    "a broadcast chunk": riff(chunk(b"bext", bytes(602)), FMT, DATA),
    "tags after the audio": riff(FMT, DATA, chunk(b"LIST", b"INFOICMT\4\0\0\0abc\0")),
    "an odd number of bytes": riff(chunk(b"fmt ", plain(8)), chunk(b"data", b"\x80\x90\xa0")),
    "a RIFF size of nothing": riff(FMT, DATA, size=0),
    "a RIFF size beyond the end": riff(FMT, DATA, size=1_000_000),
    "A-law": made("ALAW"),
    "mu-law": made("ULAW"),
    "IMA ADPCM": made("IMA_ADPCM"),
    "Microsoft ADPCM": made("MS_ADPCM"),
    "GSM 6.10": made("GSM610"),
    "G.721": made("G721_32"),
    "NMS ADPCM 16": made("NMS_ADPCM_16"),
    "NMS ADPCM 24": made("NMS_ADPCM_24"),
    "NMS ADPCM 32": made("NMS_ADPCM_32"),
}  # fmt: skip

REFUSED = {
    "12 bits in an old header": (riff(chunk(b"fmt ", plain(12, frame=2)), DATA), "have 12 bits"),
    "24 bits in 32, unsaid": (
        riff(chunk(b"fmt ", plain(24, frame=4)), chunk(b"data", PCM32)), "are 3 bytes a frame"),
    "an odd chunk without its padding": (
        riff(FMT, chunk(b"junk", b"abc", padded=False), DATA), "no audio in it|damaged"),
    "a chunk that reaches beyond the end": (
        riff(FMT, chunk(b"junk", b"", size=0x7000_0000), DATA), "there is no audio in it"),
    "big-endian": (riff(FMT, DATA, form=b"RIFX"), "begins with 'RIFX'"),
    "no channels": (riff(chunk(b"fmt ", plain(channels=0, frame=2)), DATA), "it has 0 channels"),
    "many channels": (
        riff(chunk(b"fmt ", plain(channels=999)), DATA), "999 channels; 1 to 32"),
    "a block of no bytes": (
        riff(chunk(b"fmt ", plain(4, coding=0x11, frame=0) + b"\2\0\0\0"), DATA), "cannot be dec"),
    "a block larger than the file": (
        riff(chunk(b"fmt ", plain(4, coding=2, frame=0xFFFF) + b"\2\0\0\0"), DATA), "no samples"),
    "Windows Media Audio": (
        riff(chunk(b"fmt ", plain(coding=0x161)), DATA), r"Windows Media Audio, 16 bits"),
    "MP3": (
        riff(chunk(b"fmt ", plain(0, coding=0x55, frame=1)), DATA), r"\(MP3\): convert it to PCM"),
    "a coding of nobody": (riff(chunk(b"fmt ", plain(coding=0xABCD)), DATA), "coding 0xABCD"),
    "an extensible coding of nobody": (
        riff(chunk(b"fmt ", extensible(16, 16, coding=0xABCD)), DATA), "coding 0xABCD"),
}  # fmt: skip


@pytest.mark.parametrize("what", DECODED)
def test_it_is_decoded_to_what_libsndfile_reads(what: str) -> None:
    clip = DECODED[what]

    sound = decode(clip, LIMITS)

    assert len(sound.samples)
    np.testing.assert_allclose(sound.samples, by_libsndfile(clip), atol=1e-6)


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_plain_words(what: str) -> None:
    clip, reason = REFUSED[what]

    with pytest.raises(ClipError, match=reason):
        decode(clip, LIMITS)


def test_a_clip_of_many_blocks_is_whole_and_mixed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.audio.decode.BLOCK_SAMPLES", 128)
    frames = np.stack([TONE / 32_768, TONE / 65_536], axis=1)
    file = io.BytesIO()
    soundfile.write(file, frames, 8_000, subtype="PCM_24", format="WAV")

    sound = decode(file.getvalue(), LIMITS)

    np.testing.assert_array_equal(sound.samples, by_libsndfile(file.getvalue()))


def test_many_channels_take_little_memory() -> None:
    frames = np.zeros((60_000, 32), np.float32)
    file = io.BytesIO()
    soundfile.write(file, frames, 48_000, subtype="ULAW", format="WAV")
    clip = file.getvalue()

    tracemalloc.start()
    sound = decode(clip, Limits(max_bytes=10_000_000, max_seconds=2.0))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(sound.samples) == 60_000
    assert peak_bytes < frames.nbytes
