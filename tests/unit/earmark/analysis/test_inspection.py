"""A clip as Jupyter shows it: picture and player in HTML that needs no other file."""

from __future__ import annotations

import base64
import io
import re
import wave
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import earmark
from earmark.analysis.inspection import Inspection
from earmark.errors import ClipError
from tests.fixture_types import Tone
from tests.tiny_models import FIRST
from tests.wavs import wav


class Shown(HTMLParser):
    """The tags of some HTML with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: dict[str, dict[str, str | None]] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    def content(self, tag: str, kind: str) -> bytes:
        source = self.tags[tag]["src"] or ""
        assert source.startswith(f"data:{kind};base64,")
        return base64.b64decode(source.partition(",")[2])


def shown(inspected: Inspection) -> Shown:
    return Shown(inspected._repr_html_())


def test_all_that_there_is_to_know_of_a_clip_has_a_name(home: Path, tone: Tone) -> None:
    clip = tone(home / "a.wav", seconds=0.5)

    inspected = earmark.inspect(str(clip))

    assert (inspected.path, inspected.seconds, inspected.rate) == (clip, 0.5, 8_000)
    assert (inspected.waveform.shape, str(inspected.waveform.dtype)) == ((4_000,), "float32")
    assert inspected.mfcc.shape == (40, 22)
    np.testing.assert_allclose(inspected.mfcc.mean(axis=1), earmark.features(clip), atol=1e-3)
    assert inspected.prediction == earmark.label(str(clip))


def test_it_is_told_in_one_line_without_the_arrays(home: Path, tone: Tone) -> None:
    text = repr(earmark.inspect(tone(home / "a.wav")))

    assert "label=7" in text
    assert "array(" not in text


def test_jupyter_shows_picture_player_and_what_is_heard(home: Path, tone: Tone) -> None:
    html = shown(earmark.inspect(tone(home / "a.wav", seconds=0.5)))

    assert html.content("img", "image/png").startswith(b"\x89PNG")
    assert "0.500 seconds at 8,000 Hz, MFCC (40, 22)" in html.text
    assert re.search(rf"heard: 7 \(1\.00\), .* by model {FIRST}: labelled", html.text)
    with wave.open(io.BytesIO(html.content("audio", "audio/wav"))) as played:
        assert (played.getframerate(), played.getnframes()) == (8_000, 4_000)


def test_a_name_is_shown_as_it_is_and_is_no_html(home: Path, tone: Tone) -> None:
    html = shown(earmark.inspect(tone(home / "<b>&'\"$x$ \u97f3\x1b.wav")))

    assert "<b>&'\"$x$ \u97f3?.wav" in html.text
    assert html.tags["audio"]["aria-label"] == "<b>&'\"$x$ \u97f3?.wav"
    assert str(home) not in html.text


@pytest.mark.parametrize("rate", [1_000, 96_000])
def test_it_is_played_at_a_rate_that_browsers_know(home: Path, rate: int) -> None:
    (home / "a.wav").write_bytes(wav(rate=rate))

    html = shown(earmark.inspect(home / "a.wav"))

    with wave.open(io.BytesIO(html.content("audio", "audio/wav"))) as clip:
        assert clip.getframerate() == 22_050


@pytest.mark.parametrize(("seconds", "amplitude"), [(1 / 8_000, 0.5), (0.2, 0.0)])
def test_even_the_shortest_clip_and_silence_are_shown(
    home: Path, tone: Tone, seconds: float, amplitude: float
) -> None:
    clip = tone(home / "a.wav", seconds=seconds, amplitude=amplitude)

    assert shown(earmark.inspect(clip)).content("img", "image/png").startswith(b"\x89PNG")


def test_a_file_that_cannot_be_read_is_named(home: Path) -> None:
    (home / "broken.wav").write_bytes(b"broken")

    with pytest.raises(ClipError, match=r"broken\.wav: it is no wav"):
        earmark.inspect(home / "broken.wav")
    with pytest.raises(ClipError, match=r"missing\.wav: there is no such file"):
        earmark.inspect("missing.wav")
