"""Which form a file has decides who reads its header; whole or not is told in all of them."""

from __future__ import annotations

import pytest

from earmark.audio import headers
from earmark.audio.content import audio_kind
from earmark.audio.decode import Limits, decode
from earmark.errors import ClipError
from tests.forms import DATA, FMT, ID3, PCM16, aiff, au, made, plain, riff, w64

LIMITS = Limits(max_bytes=1_000_000, max_seconds=2.0)

REFUSED = {
    "FLAC": (made("PCM_16", "FLAC"), "no wav file but FLAC audio: .* ffmpeg -i FILE NEW.wav"),
    "MP3 of that name": (made("MPEG_LAYER_III", "MP3", 16_000), "no wav file but MP3 audio"),
    "Ogg": (made("VORBIS", "OGG"), "no wav file but Ogg audio"),
    "MP3 behind a tag": (
        ID3 + made("MPEG_LAYER_III", "MP3", 16_000), "no wav file but MP3 audio"),
}  # fmt: skip


@pytest.mark.parametrize("form", ["wav", "W64", "AIFF", "AU"])
def test_a_whole_file_is_told_from_a_growing_one_in_every_form(form: str) -> None:
    clip = {"wav": ID3 + riff(FMT, DATA), "W64": w64(plain(), PCM16),
            "AIFF": aiff(PCM16), "AU": au(3, PCM16)}[form]  # fmt: skip

    assert audio_kind(clip) == form
    assert headers.is_whole(clip[:200], len(clip))
    assert not headers.is_whole(clip[:200], len(clip) - 100)


@pytest.mark.parametrize("what", REFUSED)
def test_audio_that_is_no_wav_is_refused_with_what_it_is_and_how_to_convert_it(what: str) -> None:
    clip, reason = REFUSED[what]

    with pytest.raises(ClipError, match=reason):
        decode(clip, LIMITS)
