"""AIFF and AU under a name that says wav."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earmark.audio.content import audio_kind
from earmark.audio.decode import Limits, decode
from earmark.errors import ClipError
from tests.forms import (
    FLOAT,
    PCM8,
    PCM16,
    PCM24,
    SIGNED8,
    TONE,
    aiff,
    au,
    data,
    fmt,
    made,
    riff,
    rifx,
    swapped,
)

LIMITS = Limits(max_bytes=1_000_000, max_seconds=2.0)

PLAYED = {
    "AIFF": aiff(swapped(PCM16, 2)),
    "AIFF of 24 bits": aiff(swapped(PCM24, 3), bits=24),
    "AIFF, killed": aiff(swapped(PCM16, 2), size=0),
    "AIFF-C": aiff(swapped(PCM16, 2), b"NONE"),
    "AIFF-C, little-endian": aiff(PCM16, b"sowt"),
    "AIFF-C, little-endian of 24 bits": aiff(PCM24, b"42ni"),
    "AIFF-C of floats": aiff(swapped(FLOAT, 4), b"fl32"),
    "AU": au(3, swapped(PCM16, 2)),
    "AU of 24 bits": au(4, swapped(PCM24, 3)),
    "AU of floats": au(6, swapped(FLOAT, 4)),
    "AU of a stream": au(3, swapped(PCM16, 2), size=0xFFFF_FFFF),
}  # fmt: skip

AS_BYTES = {
    "8 bits in blocks of 2": (riff(fmt(8, frame=2), data(PCM8)), "wav"),
    "big-endian": (rifx(fmt(8), data(PCM8)), "wav"),
    "AIFF": (aiff(SIGNED8, bits=8), "AIFF"),
    "AIFF-C, unsigned": (aiff(PCM8, b"raw ", bits=8), "AIFF"),
    "AU": (au(2, SIGNED8), "AU"),
}  # fmt: skip

REFUSED = {
    "AIFF of a coding that no wav has": (
        aiff(PCM16, b"ima4"), r"cannot be decoded \(AIFF, 'ima4'\)"),
    "AIFF without its audio": (aiff(PCM16)[:40], "no audio in it"),
    "AU of a coding that no wav has": (au(23, PCM16), r"cannot be decoded \(AU, encoding 23\)"),
    "AU that ends in its header": (au(3, PCM16)[:20], "ends within its header"),
    "AU whose audio begins in its header": (au(3, PCM16, offset=8), "its header is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", PLAYED)
def test_aiff_and_au_are_decoded_to_what_was_recorded(what: str) -> None:
    sound = decode(PLAYED[what], LIMITS)

    assert (sound.rate, sound.truncated) == (8_000, None)
    np.testing.assert_array_equal(sound.samples, TONE.astype(np.float32) / 32_768)


@pytest.mark.parametrize("what", AS_BYTES)
def test_samples_of_8_bits_are_signed_where_their_form_says_so(what: str) -> None:
    clip, kind = AS_BYTES[what]

    assert audio_kind(clip) == kind
    np.testing.assert_array_equal(
        decode(clip, LIMITS).samples, (TONE >> 8).astype(np.float32) / 128
    )


@pytest.mark.parametrize("form", ["AIFF", "AU"])
@pytest.mark.parametrize(
    "subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"]
)
def test_the_codings_of_wav_are_read_in_its_cousins(form: str, subtype: str) -> None:
    clip = made(subtype, form)

    np.testing.assert_allclose(decode(clip, LIMITS).samples, by_libsndfile(clip), atol=1e-7)


def by_libsndfile(clip: bytes) -> NDArray[np.float32]:
    frames, _ = soundfile.read(io.BytesIO(clip), dtype="float32", always_2d=True)
    mixed: NDArray[np.float32] = np.mean(frames, axis=1, dtype=np.float32)
    return mixed


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_wav_has_is_refused(what: str) -> None:
    clip, reason = REFUSED[what]

    with pytest.raises(ClipError, match=reason):
        decode(clip, LIMITS)
