"""What the header of a wav file says, and what is said about headers that cannot be."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio import wav_header
from earmark.errors import ClipError


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    padding = b"\0" * (len(body) & 1)
    return name + struct.pack("<I", len(body) if size is None else size) + body + padding


def pcm_format(channels: int = 1, rate: int = 8_000, bits: int = 16, coding: int = 1) -> bytes:
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", coding, channels, rate, rate * frame, frame, bits))


def riff(*chunks: bytes, size: int | None = None, form: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return form + struct.pack("<I", len(body) if size is None else size) + body


AUDIO = bytes(range(200))
CLIP = riff(pcm_format(), chunk(b"data", AUDIO))


def test_the_header_tells_how_the_samples_are_coded_and_where_they_are() -> None:
    clip = riff(pcm_format(channels=2, rate=48_000, bits=24), chunk(b"data", b"\0" * 60))

    header = wav_header.parse(clip)

    assert header == wav_header.Header(1, 2, 48_000, 24, 6, data_offset=44, data_bytes=60)


def test_chunks_before_the_audio_are_stepped_over_even_those_of_odd_length() -> None:
    clip = riff(
        chunk(b"LIST", b"odd"), pcm_format(), chunk(b"fact", b"1234"), chunk(b"data", AUDIO)
    )

    header = wav_header.parse(clip)

    assert clip[header.data_offset :] == AUDIO


def test_an_extensible_header_tells_the_coding_within() -> None:
    sub_format = struct.pack("<H", 3) + bytes.fromhex("000000001000800000aa00389b71")
    body = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8_000, 32_000, 4, 32, 22, 32, 4) + sub_format

    header = wav_header.parse(riff(chunk(b"fmt ", body), chunk(b"data", AUDIO)))

    assert header.coding == wav_header.IEEE_FLOAT


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
def test_64_bit_sizes_are_taken_from_their_own_chunk(form: bytes) -> None:
    sizes = chunk(b"ds64", struct.pack("<QQQI", 272, 200, 100, 0))
    clip = riff(
        sizes, pcm_format(), chunk(b"data", AUDIO, 0xFFFF_FFFF), size=0xFFFF_FFFF, form=form
    )

    assert wav_header.parse(clip).data_bytes == 200
    assert wav_header.declared_size(clip) == len(clip)


@pytest.mark.parametrize("size", [0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_the_sizes_that_are_written_into_pipes_mean_an_unknown_length(size: int) -> None:
    clip = riff(pcm_format(), chunk(b"data", AUDIO, size), size=size)

    assert wav_header.parse(clip).data_bytes is None
    assert wav_header.declared_size(clip) is None


def test_a_recorder_that_was_cut_off_leaves_an_unknown_length() -> None:
    clip = riff(pcm_format(), chunk(b"data", AUDIO, 0), size=0)

    assert wav_header.parse(clip).data_bytes is None


def test_no_samples_are_no_unknown_length() -> None:
    clip = riff(pcm_format(), chunk(b"data", b""))

    assert wav_header.parse(clip).data_bytes == 0


def test_a_growing_file_declares_the_size_it_will_have() -> None:
    assert wav_header.declared_size(CLIP[:50]) == len(CLIP)


def test_what_follows_the_audio_is_not_waited_for() -> None:
    clip = riff(pcm_format(), chunk(b"data", AUDIO), chunk(b"LIST", b"x" * 100))

    assert wav_header.declared_size(clip[:50]) == 44 + len(AUDIO)


def test_before_the_audio_is_reached_the_size_of_the_whole_counts() -> None:
    clip = riff(chunk(b"JUNK", b"\0" * 6_000), pcm_format(), chunk(b"data", AUDIO))

    assert wav_header.declared_size(clip[:4_096]) == len(clip)


def test_a_header_without_any_size_yet_tells_nothing() -> None:
    assert wav_header.declared_size(riff(pcm_format(), size=0)) is None


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (b"", "the file is empty"),
        (b"RIF", "ends within its header, after 3 bytes"),
        (b"RIFF\x24\0\0\0WA", "ends within its header, after 10 bytes"),
        (b"fLaC" + CLIP, "no wav file: it begins with 'fLaC'"),
        (b"RIFF\x24\0\0\0AVI " + CLIP, "a RIFF file that holds 'AVI '"),
    ],
)
def test_what_is_no_wav_is_said_to_be_none(clip: bytes, reason: str) -> None:
    with pytest.raises(ClipError, match=reason):
        wav_header.parse(clip)
    with pytest.raises(ClipError, match=reason):
        wav_header.declared_size(clip)


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (CLIP[:36], "there is no audio in it"),
        (CLIP[:30], "ends within its header, after 30 bytes"),
        (riff(chunk(b"data", AUDIO)), "the audio comes before its format"),
        (riff(chunk(b"fmt ", b"\1\0\1\0")), "takes 16 bytes at least, not 4"),
        (riff(chunk(b"ds64", b"\0" * 8)), "64-bit sizes are cut short"),
        (riff(*[chunk(b"JUNK", b"")] * 1_001), "1,000 chunks and no audio among them"),
    ],
)
def test_a_damaged_header_fails_with_a_plain_reason(clip: bytes, reason: str) -> None:
    with pytest.raises(ClipError, match=reason):
        wav_header.parse(clip)


@given(st.binary(max_size=300), st.integers(0, 60), st.binary(min_size=1, max_size=8))
def test_no_bytes_raise_anything_but_a_clip_error(noise: bytes, at: int, patch: bytes) -> None:
    patched = CLIP[:at] + patch + CLIP[at + len(patch) :]
    for data in (noise, b"RIFF\xff\0\0\0WAVE" + noise, patched):
        for read in (wav_header.parse, wav_header.declared_size):
            with suppress(ClipError):
                read(data)
