"""What is damaged: real recordings where there are any, and one clip of every coding and form."""

from __future__ import annotations

import io
import itertools
import struct
import zipfile
from pathlib import Path

import numpy as np
import soundfile

_RATES = (8_000, 22_050, 48_000)
_MOST_RECORDINGS = 40
_WAVS = ("WAV", "WAVEX", "RF64")
_FORMS = (*_WAVS, "W64", "AIFF", "AU")
_PLAIN = ("PCM_", "FLOAT", "DOUBLE", "ALAW", "ULAW")
_TAG = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)


def wavs(recordings: Path | None) -> list[bytes]:
    """Whole clips of all codings that libsndfile writes, and some real ones."""
    real = sorted(recordings.glob("*.wav"))[:: 3_000 // _MOST_RECORDINGS] if recordings else []
    return [*synthetic(), *(path.read_bytes() for path in real)]


def synthetic() -> list[bytes]:
    """A short tone in every form and coding, mono and stereo where the coding has it."""
    forms = [(form, coding) for form in _FORMS for coding in _codings(form)]
    rates = itertools.cycle(_RATES)
    made = [
        _tone(form, coding, channels, next(rates)) for form, coding in forms for channels in (1, 2)
    ]
    kept = [clip for clip in made if clip]
    # Big-endian wav, and a tag in front.
    return [*kept, *filter(None, (_tone("WAV", "PCM_24", 2, 8_000, "BIG"),)), _TAG + kept[0]]


def zips(clips: list[bytes]) -> list[bytes]:
    """Archives of a few clips, stored and deflated, with a labels file and folders."""
    found = []
    for packing, start in itertools.product((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), range(4)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", packing) as archive:
            for index, clip in enumerate(clips[start : start + 3]):
                archive.writestr(f"voices/0{index}/{index}_theo_{start}.wav", clip[:2_000])
            archive.writestr("labels.csv", "path,digit\nvoices/00/0_theo_0.wav,0\n")
            archive.writestr("inner.zip", b"PK\5\6" + bytes(18))
        found.append(file.getvalue())
    return found


def riff(*chunks: tuple[bytes, bytes], form: bytes = b"RIFF") -> bytes:
    """A file of chunks, whatever they may be."""
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)
        for name, content in chunks
    )
    return form + struct.pack("<I", len(body)) + body


def _codings(form: str) -> list[str]:
    found = sorted(soundfile.available_subtypes(form))
    # Of wav's cousins only what every wav may hold is read.
    return found if form in _WAVS else [name for name in found if name.startswith(_PLAIN)]


def _tone(
    form: str, coding: str, channels: int, rate: int, endian: str | None = None
) -> bytes | None:
    times = np.arange(rate // 10) / rate
    frames = np.repeat(0.5 * np.sin(2 * np.pi * 300 * times)[:, np.newaxis], channels, axis=1)
    file = io.BytesIO()
    try:
        soundfile.write(file, frames, rate, subtype=coding, format=form, endian=endian)
    except soundfile.SoundFileError:  # a mono coding, or another rate's
        return None
    return file.getvalue()
