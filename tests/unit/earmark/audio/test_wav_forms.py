"""Wavs of every making: each is decoded to what libsndfile reads, or refused in plain words."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earmark.audio.decode import Limits, decode
from earmark.errors import ClipError
from tests.forms import (
    DATA,
    FMT,
    LONG_SIZES,
    PCM12,
    PCM16,
    PCM24,
    PCM32,
    TONE,
    chunk,
    data,
    extensible,
    fmt,
    made,
    plain,
    riff,
    rifx,
    w64,
)

LIMITS = Limits(max_bytes=1_000_000, max_seconds=2.0)


def by_libsndfile(clip: bytes) -> NDArray[np.float32]:
    frames, _ = soundfile.read(io.BytesIO(clip), dtype="float32", always_2d=True)
    mixed: NDArray[np.float32] = np.mean(frames, axis=1, dtype=np.float32)
    return mixed


DECODED = {
    "RF64": riff(chunk(b"ds64", LONG_SIZES), FMT, data(PCM16, size=0xFFFF_FFFF),
                 form=b"RF64", size=0xFFFF_FFFF),
    "RF64 with sizes of 32 bits": riff(chunk(b"ds64", LONG_SIZES), FMT, DATA, form=b"RF64"),
    "extensible 16 bits": riff(chunk(b"fmt ", extensible(16, 16)), DATA),
    "12 bits in 16": riff(chunk(b"fmt ", extensible(16, 12)), data(PCM12)),
    "20 bits in 24": riff(chunk(b"fmt ", extensible(24, 20)), data(PCM24)),
    "24 bits in 32": riff(chunk(b"fmt ", extensible(32, 24)), data(PCM32)),
    "extensible stereo": riff(chunk(b"fmt ", extensible(16, 16, channels=2)), DATA),
    "extensible float": riff(chunk(b"fmt ", extensible(32, 32, coding=3)),
                             data((TONE / 32_768).astype("<f4").tobytes())),
    "a format of 18 bytes": riff(chunk(b"fmt ", plain() + b"\0\0"), DATA),
    "a format of 40 bytes": riff(chunk(b"fmt ", plain() + bytes(24)), DATA),
    "an odd chunk before": riff(chunk(b"LIST", b"INFOxyz"), FMT, DATA),
    "an odd chunk between": riff(FMT, chunk(b"junk", b"abc"), DATA),
    "a chunk of no bytes": riff(FMT, chunk(b"junk", b""), DATA),
    "a broadcast chunk": riff(chunk(b"bext", bytes(602)), FMT, DATA),
    "tags after the audio": riff(FMT, DATA, chunk(b"LIST", b"INFOICMT\4\0\0\0abc\0")),
    "an odd number of bytes": riff(fmt(8), data(b"\x80\x90\xa0")),
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
    "two formats that differ": (
        riff(fmt(8), FMT, DATA), "two formats, and players differ"),
    "two pieces of audio": (riff(FMT, DATA, DATA), "two pieces of audio, and players differ"),
    "a format of 14 bytes": (riff(chunk(b"fmt ", plain()[:14]), DATA), "takes 16 bytes at least"),
    "an extensible format without the rest": (
        riff(fmt(coding=0xFFFE), DATA), "extensible, without saying what"),
    "ADPCM of a big-endian machine": (
        rifx(fmt(4, coding=0x11, frame=256), DATA), "IMA ADPCM"),
    "Wave64 that ends in its header": (w64(plain(), PCM16)[:30], "ends within its header"),
    "an odd chunk without its padding": (
        riff(FMT, chunk(b"junk", b"abc", padded=False), DATA), "no audio in it|damaged"),
    "a chunk that reaches beyond the end": (
        riff(FMT, chunk(b"junk", b"", size=0x7000_0000), DATA), "there is no audio in it"),
    "no channels": (riff(fmt(channels=0, frame=2), DATA), "it has 0 channels"),
    "many channels": (
        riff(fmt(channels=999), DATA), "999 channels; 1 to 32"),
    "a block of no bytes": (
        riff(chunk(b"fmt ", plain(4, coding=0x11, frame=0) + b"\2\0\0\0"), DATA), "cannot be dec"),
    "a block larger than the file": (
        riff(chunk(b"fmt ", plain(4, coding=2, frame=0xFFFF) + b"\2\0\0\0"), DATA), "no samples"),
    "Windows Media Audio": (
        riff(fmt(coding=0x161), DATA), r"Windows Media Audio, 16 bits"),
    "MP3": (
        riff(fmt(0, coding=0x55, frame=1), DATA), r"\(MP3\): convert it to PCM"),
    "a coding of nobody": (riff(fmt(coding=0xABCD), DATA), "coding 0xABCD"),
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
