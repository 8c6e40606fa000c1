"""From the bytes of a wav file to samples, with every check made before memory is taken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.audio import headers, wav_header
from earmark.audio.canonical import PLAIN, rewritten
from earmark.audio.stereo import mixed
from earmark.errors import ClipError

if TYPE_CHECKING:
    import soundfile

MIN_RATE = 1_000
"""Lowest sampling rate that speech survives (Hz)."""
MAX_RATE = 768_000
"""Highest sampling rate of any recorder on the market (Hz)."""
MAX_CHANNELS = 32
MAX_PEAK = 2.0**31
"""Loudest float sample: a 32-bit integer scale is as far as writers stray from [-1, 1]."""
MAX_FRAMES_PER_BYTE = 64
"""More frames than this in a byte, and the header lies; speech codecs stay below 10."""

BLOCK_SAMPLES = 1 << 18
"""Samples of all channels together that are decoded at a time: 1 MiB."""

_READ = {
    0x0001: "PCM",
    0x0002: "Microsoft ADPCM",
    0x0003: "float",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 6.10",
    0x0038: "NMS ADPCM",
    0x0040: "G.721",
}
"""Codings that are read. libsndfile would also hand MP3 to a decoder of its own, which prints what
it thinks of damaged files, and is more than a digit needs."""
_CODINGS = _READ | {
    0x0055: "MP3",
    0x0161: "Windows Media Audio",
    wav_header.EXTENSIBLE: "extensible, without saying what",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a clip may at most be."""

    max_bytes: int
    """Size of the file."""
    max_seconds: float
    """Duration of the audio."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A decoded clip."""

    samples: NDArray[np.float32]
    """Mono, in [-1, 1], of shape (n,)."""
    rate: int
    """Sampling rate (Hz)."""
    truncated: str | None = None
    """What the header declares and what the file holds, where that is less; None: it is whole."""
    note: str | None = None
    """What was done to hear it that a listener should know."""


def decode(data: bytes, limits: Limits) -> Sound:
    """Decode a wav file, or one of its cousins, to mono.

    Channels are averaged as `librosa.to_mono` does, unless that would spoil what one of two
    channels has, and then the sound says so; sizes that a writer into a pipe left open
    mean that the rest of the file is audio.

    Parameters
    ----------
    data
        The whole file.
    limits
        Checked against the header, before any samples are unpacked.

    Returns
    -------
    Sound
        At the file's own sampling rate; what is there of a truncated one.

    Raises
    ------
    ClipError
        When the clip is empty, no wav, damaged, too large, too long, not finite, or in a coding
        that cannot be read.
    """
    if len(data) > limits.max_bytes:
        raise ClipError(
            f"the file is too large: {len(data):,} bytes, and the limit is {limits.max_bytes:,}"
        )
    header = headers.parse(data)
    audio_bytes = _audio_bytes(data, header)
    truncated = headers.missing_bytes(header, len(data)) > 0
    if truncated and header.coding not in PLAIN:
        audio_bytes -= audio_bytes % max(header.frame_bytes, 1)
    _check(header, audio_bytes)
    try:
        if header.coding == wav_header.PCM and 8 < header.bits <= 16:
            samples, note = _unpack(data, header, audio_bytes, limits)
        else:
            samples, note = _read(data, header, audio_bytes, limits)
    except MemoryError as error:
        raise ClipError(f"too little memory to decode its {len(data):,} bytes") from error
    lack = _durations(header, audio_bytes, len(samples)) if truncated else None
    return Sound(samples, header.rate, lack, note)


def _audio_bytes(data: bytes, header: wav_header.Header) -> int:
    present = max(0, len(data) - header.data_offset)
    if present == 0 and header.data_bytes:
        raise ClipError(
            f"the file is truncated: its header declares {header.data_bytes:,} bytes of audio, "
            "and none are there"
        )
    return present if header.data_bytes is None else min(header.data_bytes, present)


def _durations(header: wav_header.Header, audio_bytes: int, frames: int) -> str:
    held = frames / header.rate
    declared = held * (header.data_bytes or 0) / audio_bytes
    places = next((n for n in (1, 2) if round(declared, n) > round(held, n)), 3)
    return f"declares {declared:,.{places}f} s, holds {held:,.{places}f} s"


def _check(header: wav_header.Header, audio_bytes: int) -> None:
    if not 1 <= header.channels <= MAX_CHANNELS:
        raise ClipError(f"it has {header.channels} channels; 1 to {MAX_CHANNELS} can be read")
    if not MIN_RATE <= header.rate <= MAX_RATE:
        raise ClipError(
            f"its sampling rate is {header.rate:,} Hz; {MIN_RATE:,} to {MAX_RATE:,} can be read"
        )
    if header.coding not in _READ or (header.big_endian and header.coding not in PLAIN):
        raise ClipError(f"it cannot be decoded ({_coding(header)}): convert it to PCM")
    if header.coding not in PLAIN and audio_bytes < max(header.frame_bytes, 1):
        raise ClipError("there are no samples in it")


def _check_duration(frames: int, rate: int, limits: Limits) -> None:
    if frames > limits.max_seconds * rate:
        raise ClipError(
            f"it is too long: {frames / rate:,.1f} seconds, and the limit is {limits.max_seconds:g}"
        )


def _unpack(
    data: bytes, header: wav_header.Header, audio_bytes: int, limits: Limits
) -> tuple[NDArray[np.float32], str | None]:
    frames = audio_bytes // (2 * header.channels)
    if not frames:
        raise ClipError("there are no samples in it")
    _check_duration(frames, header.rate, limits)
    order = ">i2" if header.big_endian else "<i2"
    integers = np.frombuffer(data, order, frames * header.channels, header.data_offset)
    samples = integers.astype(np.float32)
    samples *= np.float32(2.0**-15)
    return _mono(samples.reshape(frames, header.channels), header.rate)


def _read(
    data: bytes, header: wav_header.Header, audio_bytes: int, limits: Limits
) -> tuple[NDArray[np.float32], str | None]:
    import soundfile

    clip = rewritten(data, header, audio_bytes)
    try:
        with soundfile.SoundFile(io.BytesIO(clip)) as file:
            _check_frames(file.frames, file.channels, len(data))
            _check_duration(file.frames, header.rate, limits)
            blocks = list(_blocks(file))
    except (soundfile.SoundFileError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise ClipError(f"it cannot be decoded ({_coding(header)}): {_said(error)}") from error
    if not blocks:
        raise ClipError("there are no samples in it")
    return _mono(np.concatenate(blocks), header.rate)


def _blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """Of more than two channels the mean, block after block, so that they take little memory."""
    count = BLOCK_SAMPLES // file.channels
    while len(frames := file.read(count, dtype="float32", always_2d=True)):
        _check_finite(frames)
        yield frames if file.channels <= 2 else _mean(frames)


def _check_frames(frames: int, channels: int, size_bytes: int) -> None:
    if frames * channels > size_bytes * MAX_FRAMES_PER_BYTE:
        raise ClipError(
            f"its header lies: {frames:,} frames cannot be in a file of {size_bytes:,} bytes"
        )


def _check_finite(samples: NDArray[np.float32]) -> None:
    peak = float(np.abs(samples).max())
    if not np.isfinite(peak):
        wrong = samples.size - int(np.isfinite(samples).sum())
        raise ClipError(f"{wrong:,} of its samples are not numbers (NaN or infinite)")
    if peak > MAX_PEAK:
        raise ClipError(f"its samples reach {peak:.3g}, where 1 is full scale")


def _mono(frames: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], str | None]:
    if frames.shape[1] == 2:
        return mixed(frames, rate)
    return (frames if frames.shape[1] == 1 else _mean(frames))[:, 0], None


def _mean(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = np.mean(frames.T, axis=0)
    return mean[:, np.newaxis]


def _coding(header: wav_header.Header) -> str:
    name = _CODINGS.get(header.coding, f"coding 0x{header.coding:04X}")
    return f"{name}, {header.bits} bits" if header.bits else name


def _said(error: Exception) -> str:
    return str(error).rstrip(".").split(": ")[-1] or type(error).__name__
