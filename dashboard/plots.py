"""Pictures of clips: waveform and mel spectrogram as SVG, with axes in seconds and hertz."""

from __future__ import annotations

import base64
import struct
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import Sound
from earmark.audio.reader import inside, record
from earmark.errors import ClipError
from earmark.frontends.mel_filters import hann, slaney_filters, slaney_mel
from earmark.settings import Settings

_WIDTH, _LEFT = 640, 54
_WAVE, _MEL, _GAP = 110, 210, 14
_BANDS = 64
_DECIBELS = 70.0
_SHADES = np.array(
    [(13, 8, 35), (62, 15, 90), (132, 32, 107), (200, 62, 76), (240, 120, 40), (250, 200, 90),
     (252, 255, 190)],
    np.float64,
)  # fmt: skip
"""Dark to bright: steps of the inferno colour map, which is even for every eye."""


def sound_of(settings: Settings, path: str) -> Sound:
    """Read a clip of the inbox.

    Raises
    ------
    ClipError
        When it is gone or cannot be decoded.
    """
    try:
        return record(inside(settings.inbox.resolve(), path), settings.limits).sound
    except ValueError as error:  # a path with a zero byte
        raise ClipError("there is no such clip") from error


@lru_cache(maxsize=512)
def _peaks(settings: Settings, path: str, stamp: str, count: int) -> tuple[int, ...]:
    try:
        samples = np.abs(sound_of(settings, path).samples)
    except ClipError:
        return ()
    if not len(samples):
        return ()
    edges = np.linspace(0, len(samples), min(count, len(samples)), endpoint=False).astype(int)
    loudest = np.maximum.reduceat(samples, edges)
    return tuple(int(value) for value in np.round(100 * loudest / max(float(samples.max()), 1e-6)))


def peaks_of(settings: Settings, path: str, stamp: str, count: int = 40) -> tuple[int, ...]:
    """How loud each fortieth of a clip is, 0 to 100; empty where it cannot be read.

    Parameters
    ----------
    stamp
        Tells one content under a path from the next.
    """
    return _peaks(settings, path, stamp, count)


def portrait(sound: Sound) -> str:
    """Waveform above mel spectrogram as one SVG, legible on light and dark."""
    seconds = len(sound.samples) / sound.rate
    height = _WAVE + _GAP + _MEL + 40
    right = _WIDTH - 8
    picture = base64.b64encode(_png(_coloured(mel_spectrogram(sound)))).decode()
    top = _WAVE + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="Waveform and mel spectrogram, {seconds:.2f} seconds" '
        'font-family="Roboto, sans-serif" font-size="12" fill="#7b8494">',
        f'<path d="{_wave_path(sound, _LEFT, right)}" fill="#2f9e8f"/>',
        f'<line x1="{_LEFT}" y1="{_WAVE / 2}" x2="{right}" y2="{_WAVE / 2}" stroke="#2f9e8f" '
        'stroke-width="1"/>',
        f'<image x="{_LEFT}" y="{top}" width="{right - _LEFT}" height="{_MEL}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{picture}"/>',
        *_hertz_marks(sound.rate, top),
        *_second_marks(seconds, top + _MEL, right),
        "</svg>",
    ]
    return "".join(parts)


def mel_spectrogram(sound: Sound) -> NDArray[np.float64]:
    """Loudness in decibels below the loudest, of shape (64 mel bands, frames)."""
    length = 1 << max(6, round(np.log2(sound.rate * 0.032)))
    hop = max(1, length // 4)
    padded = np.pad(sound.samples.astype(np.float64), length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
    frames = frames[:: max(1, -(-len(frames) // 1200))]
    power = np.abs(np.fft.rfft(frames * hann(length), axis=1)) ** 2
    bands = slaney_filters(sound.rate, length, min(_BANDS, length // 4)) @ power.T
    decibels = 10 * np.log10(np.maximum(bands, 1e-12))
    return np.asarray(np.maximum(decibels - decibels.max(), -_DECIBELS))


def _coloured(decibels: NDArray[np.float64]) -> NDArray[np.uint8]:
    share = (decibels[::-1] / _DECIBELS + 1) * (len(_SHADES) - 1)
    low = np.clip(share.astype(int), 0, len(_SHADES) - 2)
    part = (share - low)[..., np.newaxis]
    return np.asarray(_SHADES[low] * (1 - part) + _SHADES[low + 1] * part, np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """An 8-bit RGB picture of shape (height, width, 3) as PNG (ISO/IEC 15948)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _wave_path(sound: Sound, left: float, right: float) -> str:
    samples = sound.samples
    columns = int(min(right - left, len(samples)))
    if not columns:
        return ""
    edges = np.linspace(0, len(samples), columns, endpoint=False).astype(int)
    most = max(float(np.abs(samples).max()), 1e-6)
    tops = np.maximum.reduceat(samples, edges) / most
    lows = np.minimum.reduceat(samples, edges) / most
    across = np.linspace(left, right, columns)
    middle, half = _WAVE / 2, _WAVE / 2 - 4
    there = [f"{x:.1f},{middle - y * half:.1f}" for x, y in zip(across, tops, strict=True)]
    back = [f"{x:.1f},{middle - y * half:.1f}" for x, y in zip(across, lows, strict=True)]
    return "M" + " L".join(there + back[::-1]) + "Z"


def _hertz_marks(rate: int, top: float) -> list[str]:
    highest = rate / 2
    marks = [hertz for hertz in (250, 500, 1_000, 2_000, 4_000, 8_000, 16_000) if hertz <= highest]
    lines = []
    for hertz in marks:
        y = top + _MEL * (1 - slaney_mel(hertz) / slaney_mel(highest))
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{hertz:,}</text>')
    lines.append(
        f'<text transform="translate(11 {top + _MEL / 2}) rotate(-90)" '
        'text-anchor="middle">Hz</text>'
    )
    return lines


def _second_marks(seconds: float, y: float, right: float) -> list[str]:
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10) if seconds / s <= 8), 30)
    marks = np.arange(0, seconds + step / 100, step)
    lines = [
        f'<text x="{_LEFT + (right - _LEFT) * mark / seconds:.1f}" y="{y + 16}" '
        f'text-anchor="middle">{mark:g}</text>'
        for mark in marks
        if mark <= seconds
    ]
    middle = (_LEFT + right) / 2
    return [*lines, f'<text x="{middle}" y="{y + 34}" text-anchor="middle">seconds</text>']
