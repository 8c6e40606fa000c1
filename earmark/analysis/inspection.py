"""A clip to look at and to listen to, as Jupyter shows it."""

from __future__ import annotations

import io
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.analysis.plots import (
    HOP,
    RATE,
    Portrait,
    draw_mfcc,
    draw_waveform,
    new_figure,
    png_of,
    portray,
    silenced_about_short_clips,
)
from earmark.audio.decode import Sound
from earmark.clips import State
from earmark.errors import ClipError
from earmark.frontends.resample import resampled
from earmark.model.predict import Heard, hear, live_classifier
from earmark.settings import Settings
from earmark.terminal import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLAYED_RATES = range(8_000, 48_001)
"""Sampling rates that every browser plays (Hz); others are brought to 22,050."""
_DECIBELS = 80.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspection:
    """What there is to see and to hear of a clip; in Jupyter a picture and a player."""

    path: Path
    seconds: float
    rate: int
    """The file's own sampling rate (Hz)."""
    waveform: NDArray[np.float32] = field(repr=False)
    """Mono samples at that rate, in [-1, 1], of shape (n,)."""
    mfcc: NDArray[np.float32] = field(repr=False)
    """Shape (40, frames), from the clip at 22,050 Hz, a frame each 512 samples."""
    prediction: Heard
    """What the live model hears in it."""

    def _repr_html_(self) -> str:
        """Waveform, mel spectrogram, MFCCs and a player, in HTML that needs no other file."""
        name = escape(printable(self.path.name))
        return (
            f"<figure style='margin:0'><figcaption><b>{name}</b><br>"
            f"{'<br>'.join(escape(line) for line in self._lines())}</figcaption>"
            f"<audio controls aria-label='{name}' src='{self._player()}'></audio><br>"
            f"<img style='max-width:100%' alt='Waveform, mel spectrogram and MFCCs of {name}' "
            f"src='{self._picture()}'></figure>"
        )

    def _lines(self) -> Iterator[str]:
        yield f"{self.seconds:.3f} seconds at {self.rate:,} Hz, MFCC {self.mfcc.shape}"
        heard = self.prediction
        if heard.state is State.FAILED:
            yield f"failed: {heard.reason}"
            return
        best = ", ".join(f"{digit} ({share:.2f})" for digit, share in heard.top)
        reason = f", {heard.reason}" if heard.reason else ""
        yield f"heard: {best} by model {heard.model}: {heard.state}{reason}"

    def _player(self) -> str:
        rate, samples = self.rate, self.waveform
        if rate not in _PLAYED_RATES:
            rate, samples = RATE, self._at_22050
        return _data_url("audio/wav", _wav(samples, rate))

    def _picture(self) -> str:
        figure = new_figure(9, 7)
        above, middle, below = figure.subplots(3, 1, sharex=True)
        portrait = Portrait("waveform", Sound(self.waveform, self.rate), self.mfcc)
        draw_waveform(above, portrait)
        _draw_spectrogram(middle, self._at_22050)
        draw_mfcc(below, portrait)
        below.set_title(f"MFCC {self.mfcc.shape}")
        for axes in (above, middle):
            axes.set_xlabel("")
        return _data_url("image/png", png_of(figure))

    @property
    def _at_22050(self) -> NDArray[np.float32]:
        ((_, [samples]),) = resampled([Sound(self.waveform, self.rate)], RATE)
        return samples


def inspection(path: Path, settings: Settings) -> Inspection:
    """Read a clip, and hear it with the live model.

    Raises
    ------
    ClipError
        When it cannot be read; names it.
    ModelError
        When there is no model, or it cannot be used.
    MissingExtra
        When librosa is not installed.
    """
    try:
        portrait = portray(path, settings.limits)
    except ClipError as error:
        reason = error.reason if os.path.lexists(path) else "there is no such file"
        raise ClipError(f"{path}: {reason}") from error
    [heard] = hear([path], live_classifier(settings), settings.limits)
    return Inspection(
        path=path,
        seconds=portrait.seconds,
        rate=portrait.sound.rate,
        waveform=portrait.sound.samples,
        mfcc=portrait.mfcc,
        prediction=heard,
    )


def _draw_spectrogram(axes: Axes, samples: NDArray[np.float32]) -> None:
    import librosa

    with silenced_about_short_clips():
        power = librosa.feature.melspectrogram(y=samples, sr=RATE, hop_length=HOP // 4)
    decibels = librosa.power_to_db(power, ref=np.max, top_db=_DECIBELS)
    bands, frames = decibels.shape
    right = frames * HOP / 4 / RATE
    axes.imshow(decibels, cmap="magma", origin="lower", aspect="auto", extent=(0, right, 0, bands))
    marks = [250, 500, 1_000, 2_000, 4_000, 8_000]
    places = np.searchsorted(librosa.mel_frequencies(bands, fmax=RATE / 2), marks)
    axes.set_yticks(places, [f"{hertz:,}" for hertz in marks])
    axes.set(ylabel="Hz (mel scale)", title=f"mel spectrogram, down to -{_DECIBELS:g} dB")


def _wav(samples: NDArray[np.float32], rate: int) -> bytes:
    """16-bit PCM, turned down where it would be clipped: whatever coding the file has, it plays."""
    import soundfile

    peak = max(float(np.abs(samples).max()), 1.0)
    content = io.BytesIO()
    soundfile.write(content, samples / peak, rate, format="WAV", subtype="PCM_16")
    return content.getvalue()


def _data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
