"""Two channels: their mean to the bit, unless it would spoil the word; then one, and a note."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earmark.audio.decode import Limits, Sound, decode
from earmark.audio.stereo import mixed
from earmark.model.classifier import Classifier
from earmark.model.registry import Registry

RATE = 8_000
Samples = NDArray[np.float32]
LIMITS = Limits(1 << 20, 30.0)


def word(seconds: float = 0.6) -> Samples:
    """Harmonics under an envelope that rises and falls, as a spoken word has."""
    times = np.arange(round(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 120 * k * times) / k for k in range(1, 12))
    envelope = np.sin(np.pi * times / seconds) ** 2 + 0.003
    return np.asarray(0.1 * voice * envelope, np.float32)


def delayed(samples: Samples, milliseconds: float) -> Samples:
    lag = round(RATE * milliseconds / 1_000)
    return np.concatenate([np.zeros(lag, np.float32), samples])[: len(samples)]


def hum(count: int, hertz: float = 50.0) -> Samples:
    return np.asarray(0.6 * np.sin(2 * np.pi * hertz * np.arange(count) / RATE), np.float32)


def noise(count: int, level: float = 0.1) -> Samples:
    return np.asarray(level * np.random.default_rng(0).standard_normal(count), np.float32)


def both(left: Samples, right: Samples) -> Samples:
    return np.stack([left, right], axis=1)


WORD = word()
ORDINARY = {
    "the same twice": WORD,
    "a delay of 1 ms": delayed(WORD, 1),
    "another level": 0.3 * WORD,
    "silence": np.zeros_like(WORD),
    "faint noise": noise(len(WORD), 1e-4),
    "a second voice": np.roll(WORD, len(WORD) // 3)[::-1],
}
SPOILING = {
    "a constant": np.full_like(WORD, 0.9999),
    "50 Hz": hum(len(WORD)),
    "60 Hz": hum(len(WORD), 60.0),
    "white noise": noise(len(WORD)),
}


@pytest.mark.parametrize("what", ORDINARY)
def test_ordinary_stereo_is_the_mean_to_the_bit(what: str) -> None:
    frames = both(WORD, ORDINARY[what])

    samples, note = mixed(frames, RATE)

    assert note is None
    np.testing.assert_array_equal(samples, np.mean(frames.T, axis=0))


@pytest.mark.parametrize("gain", [-1.0, -0.9, -1.2])
def test_channels_that_cancel_give_way_to_the_louder_one(gain: float) -> None:
    samples, note = mixed(both(WORD, np.float32(gain) * WORD), RATE)

    louder = "right" if gain < -1 else "left"
    assert note == f"its channels cancel each other: the {louder} one alone was heard"
    np.testing.assert_array_equal(samples, WORD * np.float32(gain if gain < -1 else 1))


@pytest.mark.parametrize("what", SPOILING)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_channel_that_holds_no_word_gives_way_to_the_other(what: str, side: str) -> None:
    spoilt, other = SPOILING[what], {"left": "right", "right": "left"}[side]

    samples, note = mixed(both(WORD, spoilt) if side == "right" else both(spoilt, WORD), RATE)

    assert note == (
        f"its {side} channel is only noise, hum or a constant: the {other} one alone was heard"
    )
    np.testing.assert_array_equal(samples, WORD)


@pytest.mark.parametrize("frames", [1, 5, 200])
def test_clips_of_a_few_frames_are_mixed_too(frames: int) -> None:
    samples, _ = mixed(both(WORD, -WORD)[:frames], RATE)

    assert len(samples) == frames


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_what_was_done_is_said_whatever_the_coding(subtype: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, both(WORD, -0.9 * WORD), RATE, subtype=subtype, format="WAV")

    sound = decode(file.getvalue(), LIMITS)

    assert sound.note == "its channels cancel each other: the left one alone was heard"
    np.testing.assert_allclose(sound.samples, WORD, atol=1e-4)


def words(recordings: Path | None) -> Iterator[Samples]:
    """Some of the real ones, where there are any."""
    if recordings is None:
        yield from (word(seconds) for seconds in (0.3, 0.4, 0.5, 0.6))
        return
    for file in sorted(recordings.glob("*.wav"))[::100]:
        samples, _ = soundfile.read(file, dtype="float32")
        yield samples


def test_a_word_is_heard_beside_whatever_stands_in_the_other_channel(
    recordings: Path | None, repository: Path
) -> None:
    registry = Registry(repository / "models")
    classifier = Classifier(registry.artefact(registry.live()))
    sounds = [
        Sound(*with_rate(mixed(both(heard, other), RATE)))
        for heard in words(recordings)
        for count in [len(heard)]
        for other in (heard, -heard, np.ones_like(heard), hum(count), noise(count))
    ]

    labels = [guess.label for guess in classifier.guess(classifier.front_end.extract(sounds))]

    plain, *spoilt = (labels[start::5] for start in range(5))
    assert [sound.note is None for sound in sounds] == [True, *[False] * 4] * len(plain)
    assert spoilt == [plain] * 4


def with_rate(heard: tuple[Samples, str | None]) -> tuple[Samples, int, None, str | None]:
    return heard[0], RATE, None, heard[1]
