"""Which kind of audio a file is, told by its content alone."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.content import audio_kind
from tests.wavs import wav

ID3 = b"ID3\4\0\0" + bytes([0, 0, 2, 0]) + bytes(256)


def made(form: str, subtype: str | None = None, endian: str | None = None) -> bytes:
    file = io.BytesIO()
    tone = 0.5 * np.sin(np.arange(16_000) / 5)
    soundfile.write(file, tone, 16_000, format=form, subtype=subtype, endian=endian)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "kind"),
    [("WAV", "wav"), ("RF64", "wav"), ("W64", "W64"), ("AIFF", "AIFF"), ("AU", "AU"),
     ("FLAC", "FLAC"), ("OGG", "Ogg"), ("MP3", "MP3"), ("CAF", "CAF"), ("NIST", "NIST SPHERE")],
)  # fmt: skip
def test_a_file_that_libsndfile_writes_is_known_by_its_first_bytes(form: str, kind: str) -> None:
    assert audio_kind(made(form)[:4_096]) == kind


def test_a_big_endian_wav_is_a_wav() -> None:
    assert audio_kind(made("WAV", "PCM_16", "BIG")) == "wav"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom", "M4A/MP4"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp42", "M4A/MP4"),
        (b"#!AMR\n\x3c", "AMR"),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9) + b"\xff\xf1\x50\x80\x02\x1f\xfc", "AAC"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "WMA"),
    ],
)
def test_what_phones_record_is_known_by_its_first_bytes(head: bytes, kind: str) -> None:
    assert audio_kind(head) == kind


def test_behind_an_id3_tag_stands_what_the_file_is() -> None:
    assert audio_kind(ID3 + wav()) == "wav"
    assert audio_kind(ID3 + made("FLAC")) == "FLAC"
    assert audio_kind(ID3 + made("MP3")) == "MP3"


def test_a_tag_that_fills_the_head_is_taken_for_the_most_common() -> None:
    assert audio_kind((ID3 + wav())[:100]) == "MP3"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"R",
        b"path,digit\nmemo.wav,7\n",
        "path,digit\n".encode("utf-16"),
        b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40),
        b"\x89PNG\r\n\x1a\n",
        b"PK\3\4" + bytes(30),
        b"%PDF-1.7\n",
        b"\xff" * 64,
        b"RIFF\x24\0\0\0AVI LIST",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        bytes(4_096),
    ],
)
def test_what_is_no_audio_is_none(head: bytes) -> None:
    assert audio_kind(head) is None


@given(st.binary(max_size=64), st.sampled_from([b"", b"ID3", b"\xff\xfb", b"\xff\xf1", b"RIFF"]))
def test_no_bytes_raise_anything(noise: bytes, start: bytes) -> None:
    audio_kind(start + noise)
