"""Wav files as test input, of every sort that people drop."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

LOUD, DOUBTFUL, FAINT = 0.5, 0.1, 0.02
"""Amplitudes: `tests.tiny_models` are sure of the first, doubt the next, are sure of the last."""


def wav(
    *,
    amplitude: float = LOUD,
    hertz: float = 440,
    seconds: float = 0.2,
    rate: int = 8_000,
    channels: int = 1,
    coding: str = "PCM_16",
) -> bytes:
    """A tone, or silence at amplitude 0; another `hertz` makes another content."""
    times = np.arange(round(rate * seconds)) / rate
    samples = amplitude * np.sin(2 * np.pi * hertz * times)
    file = io.BytesIO()
    frames = np.repeat(samples[:, np.newaxis], channels, axis=1)
    soundfile.write(file, frames, rate, subtype=coding, format="WAV")
    return file.getvalue()


def drop(path: Path, data: bytes | None = None) -> Path:
    """Write a file, a loud tone unless told otherwise, and close it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav() if data is None else data)
    return path
