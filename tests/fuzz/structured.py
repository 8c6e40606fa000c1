"""Files that hypothesis builds from chunks, so that it can shrink what it finds."""

from __future__ import annotations

import struct

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.forms import aiff, au, w64
from tests.fuzz.corpus import riff
from tests.fuzz.mutations import EDGES, NAMES, TAGS
from tests.fuzz.trials import hear

WAVS, OTHERS = 5_000, 2_500
EXAMPLES = WAVS + OTHERS

_numbers16 = st.sampled_from([edge for edge in EDGES if edge <= 0xFFFF]) | st.integers(0, 0xFFFF)
_numbers32 = st.sampled_from(EDGES) | st.integers(0, 0xFFFF_FFFF) | st.integers(1_000, 48_000)
_formats = st.builds(
    lambda coding, channels, rate, speed, frame, bits, rest: (
        b"fmt ",
        struct.pack("<HHIIHH", coding, channels, rate, speed, frame, bits) + rest,
    ),
    st.sampled_from(TAGS) | _numbers16,
    st.integers(1, 3) | _numbers16,
    _numbers32,
    _numbers32,
    st.integers(1, 12) | _numbers16,
    st.sampled_from((8, 12, 16, 20, 24, 32, 64)) | _numbers16,
    st.binary(max_size=40),
)
_chunks = st.tuples(st.sampled_from(NAMES), st.binary(max_size=600))


_audio = st.binary(max_size=2_000)
_sizes = st.none() | _numbers32
_offsets = st.sampled_from((0, 24, 28)) | _numbers32
_kinds = st.sampled_from((b"NONE", b"sowt", b"raw ", b"in24", b"fl32", b"ulaw", b"ima4"))
_settings = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def all_end_well() -> None:
    """No file of chunks ends with anything but a value or a sentence."""
    _wavs()
    _others()


@settings(_settings, max_examples=WAVS)
@given(
    form=st.sampled_from((b"RIFF", b"RIFX", b"RF64", b"BW64")),
    before=st.lists(_chunks, max_size=3),
    coding=_formats,
    between=st.lists(_chunks, max_size=2),
    audio=_audio,
    sizes=st.none() | st.tuples(_numbers32, _numbers32),
)
def _wavs(
    form: bytes,
    before: list[tuple[bytes, bytes]],
    coding: tuple[bytes, bytes],
    between: list[tuple[bytes, bytes]],
    audio: bytes,
    sizes: tuple[int, int] | None,
) -> None:
    clip = riff(*before, coding, *between, (b"data", audio), form=form)
    if sizes is not None:
        at = clip.rindex(b"data", 0, len(clip) - len(audio)) + 4
        clip = (
            clip[:4]
            + struct.pack("<I", sizes[0])
            + clip[8:at]
            + struct.pack("<I", sizes[1])
            + (clip[at + 4 :])
        )
    hear(clip)


@settings(_settings, max_examples=OTHERS)
@given(
    clip=st.builds(w64, _formats.map(lambda form: form[1]), _audio, _sizes)
    | st.builds(aiff, _audio, st.none() | _kinds, st.integers(0, 0x7FFF), _sizes)
    | st.builds(au, st.integers(0, 28) | _numbers32, _audio, offset=_offsets, size=_sizes)
)
def _others(clip: bytes) -> None:
    """Wave64, AIFF and AU."""
    hear(clip)
