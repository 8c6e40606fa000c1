"""Decoding wav files: what is read, how it is mixed, and what is refused with which words."""

from __future__ import annotations

import io
import re
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earmark.audio import wav_header
from earmark.audio.decode import Limits, decode
from earmark.errors import ClipError

LIMITS = Limits(max_bytes=1_000_000, max_seconds=2.0)


def tone(seconds: float = 0.1, rate: int = 8_000, channels: int = 1) -> NDArray[np.float32]:
    times = np.arange(round(seconds * rate)) / rate
    waves = [0.5 * np.sin(2 * np.pi * 200 * (channel + 1) * times) for channel in range(channels)]
    return np.stack(waves, axis=1).astype(np.float32)


def wav_bytes(
    samples: NDArray[np.float32],
    rate: int = 8_000,
    subtype: str = "PCM_16",
    file_format: str = "WAV",
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype=subtype, format=file_format)
    return file.getvalue()


def with_sizes(clip: bytes, size: int) -> bytes:
    at = clip.index(b"data") + 4
    packed = struct.pack("<I", size)
    return clip[:4] + packed + clip[8:at] + packed + clip[at + 4 :]


def patched(clip: bytes, offset: int, layout: str, value: int) -> bytes:
    return clip[:offset] + struct.pack(layout, value) + clip[offset + struct.calcsize(layout) :]


CLIP = wav_bytes(tone())


def test_a_16_bit_clip_becomes_the_samples_that_libsndfile_reads() -> None:
    sound = decode(CLIP, LIMITS)

    expected, rate = soundfile.read(io.BytesIO(CLIP), dtype="float32")
    assert sound.rate == rate == 8_000
    assert sound.samples.dtype == np.float32
    np.testing.assert_array_equal(sound.samples, expected)


@pytest.mark.parametrize("file_format", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize(
    "subtype",
    ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"],
)
def test_every_coding_is_read_in_every_kind_of_wav(subtype: str, file_format: str) -> None:
    clip = wav_bytes(tone(), subtype=subtype, file_format=file_format)

    np.testing.assert_allclose(decode(clip, LIMITS).samples, tone()[:, 0], atol=0.02)


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM"])
def test_packed_codings_are_read(subtype: str) -> None:
    sound = decode(wav_bytes(tone(), subtype=subtype), LIMITS)

    # These codings take a few samples to follow a sudden start, and fill up their last block.
    np.testing.assert_allclose(sound.samples[20:800], tone()[20:, 0], atol=0.05)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("channels", [2, 5])
def test_channels_are_averaged_as_librosa_does(channels: int, subtype: str) -> None:
    librosa = pytest.importorskip("librosa")
    clip = wav_bytes(tone(channels=channels), subtype=subtype)

    frames, _ = soundfile.read(io.BytesIO(clip), dtype="float32")
    np.testing.assert_array_equal(decode(clip, LIMITS).samples, librosa.to_mono(frames.T))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW", "MS_ADPCM"])
@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0xFFFF_FFFF])
def test_the_rest_of_a_file_that_came_through_a_pipe_is_audio(size: int, subtype: str) -> None:
    clip = wav_bytes(tone(), subtype=subtype)

    streamed = decode(with_sizes(clip, size), LIMITS)

    np.testing.assert_array_equal(streamed.samples, decode(clip, LIMITS).samples)


def test_chunks_after_the_audio_are_no_audio() -> None:
    tagged = CLIP + b"LIST\4\0\0\0tags"

    assert len(decode(tagged, LIMITS).samples) == 800


def test_half_a_frame_at_the_end_is_left_out() -> None:
    clip = patched(CLIP, 40, "<I", 1_599)

    assert len(decode(clip, LIMITS).samples) == 799


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM"])
def test_of_a_truncated_clip_what_is_there_is_read_and_said(subtype: str) -> None:
    whole = wav_bytes(tone(seconds=1.0), subtype=subtype)
    header = wav_header.parse(whole)
    assert header.data_bytes is not None

    cut = decode(whole[: header.data_offset + header.data_bytes * 3 // 10], LIMITS)

    # Packed codings come in whole blocks.
    assert re.fullmatch(r"declares 1\.[01] s, holds 0\.3 s", str(cut.truncated))
    np.testing.assert_array_equal(cut.samples, decode(whole, LIMITS).samples[: len(cut.samples)])


def test_two_durations_are_told_with_the_digits_that_tell_them_apart() -> None:
    assert decode(CLIP[:1_500], LIMITS).truncated == "declares 0.10 s, holds 0.09 s"
    assert decode(CLIP[:1_598], LIMITS).truncated == "declares 0.100 s, holds 0.097 s"


@pytest.mark.parametrize("extra", [1, 16, 44])
def test_a_size_that_is_too_large_by_a_header_means_a_whole_clip(extra: int) -> None:
    sound = decode(patched(CLIP, 40, "<I", 1_600 + extra), LIMITS)

    assert (len(sound.samples), sound.truncated) == (800, None)


def test_a_size_that_counts_a_longer_header_in_means_a_whole_clip() -> None:
    longer = CLIP[:36] + b"JUNK" + struct.pack("<I", 100) + bytes(100) + CLIP[36:]

    counted = decode(patched(longer, 148, "<I", len(longer)), LIMITS)
    cut = decode(patched(longer, 148, "<I", len(longer) + 1), LIMITS)

    assert (counted.truncated, cut.truncated) == (None, "declares 0.11 s, holds 0.10 s")


def test_a_truncated_clip_of_no_audio_at_all_fails() -> None:
    with pytest.raises(ClipError, match=r"truncated: .* declares 1,600 bytes .* none are there"):
        decode(CLIP[:44], LIMITS)


def test_a_clip_that_lasts_too_long_fails_with_both_durations() -> None:
    with pytest.raises(ClipError, match=r"too long: 2\.5 seconds, and the limit is 2"):
        decode(wav_bytes(tone(seconds=2.5)), LIMITS)


def test_a_packed_clip_that_lasts_too_long_fails_too() -> None:
    with pytest.raises(ClipError, match="too long"):
        decode(wav_bytes(tone(seconds=2.5), subtype="IMA_ADPCM"), LIMITS)


def test_a_clip_as_long_as_the_limit_is_read() -> None:
    assert len(decode(wav_bytes(tone(seconds=2.0)), LIMITS).samples) == 16_000


def test_a_file_that_is_too_large_fails_with_both_sizes() -> None:
    with pytest.raises(ClipError, match=r"too large: 1,644 bytes, and the limit is 1,000"):
        decode(CLIP, Limits(max_bytes=1_000, max_seconds=2))


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (b"", "the file is empty"),
        (b"not audio at all", "it is no wav file"),
        (wav_bytes(tone(seconds=0)), "there are no samples in it"),
        (wav_bytes(tone(seconds=0), subtype="FLOAT"), "there are no samples in it"),
        (patched(CLIP, 22, "<H", 0), "it has 0 channels"),
        (patched(CLIP, 22, "<H", 33), "it has 33 channels; 1 to 32"),
        (patched(CLIP, 24, "<I", 0), "its sampling rate is 0 Hz"),
        (patched(CLIP, 24, "<I", 4_000_000_000), "4,000,000,000 Hz; 1,000 to 768,000"),
        (patched(CLIP, 34, "<H", 0), "its samples have 0 bits; 1 to 32, or 64 can be read"),
        (patched(CLIP, 34, "<H", 48), "its samples have 48 bits"),
        (patched(CLIP, 20, "<H", 0x55), r"cannot be decoded \(MP3, 16 bits\)"),
        (patched(CLIP, 20, "<H", 0x1234), r"cannot be decoded \(coding 0x1234, 16 bits\)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "clip",
)
def test_what_cannot_be_read_fails_with_a_plain_reason(clip: bytes, reason: str) -> None:
    with pytest.raises(ClipError, match=reason):
        decode(clip, LIMITS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_not_numbers_are_refused(subtype: str, value: float) -> None:
    samples = tone()
    samples[[3, 5]] = value

    with pytest.raises(ClipError, match="2 of its samples are not numbers"):
        decode(wav_bytes(samples, subtype=subtype), LIMITS)


def test_samples_that_would_overflow_the_features_are_refused() -> None:
    with pytest.raises(ClipError, match=r"its samples reach 1e\+30, where 1 is full scale"):
        decode(wav_bytes(np.full((100, 1), 1e30, np.float32), subtype="FLOAT"), LIMITS)


def test_a_header_that_promises_a_terabyte_takes_no_memory() -> None:
    clip = patched(CLIP, 40, "<I", 0x7000_0000)

    tracemalloc.start()
    decode(clip, LIMITS)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 100_000


@settings(deadline=None)
@given(
    st.sampled_from(["PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM", "MS_ADPCM"]),
    st.integers(0, 70),
    st.binary(min_size=1, max_size=12),
    st.integers(0, 700),
)
def test_damaged_clips_raise_nothing_but_clip_errors_and_take_little_memory(
    subtype: str, at: int, patch: bytes, cut: int
) -> None:
    clip = wav_bytes(tone(), subtype=subtype)
    damaged = (clip[:at] + patch + clip[at + len(patch) :])[: len(clip) - cut]

    tracemalloc.start()
    try:
        sound = decode(damaged, LIMITS)
        assert np.isfinite(sound.samples).all()
    except ClipError:
        pass
    finally:
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak_bytes < 3_000_000
