"""The front end that keeps the order of the sounds, against a plain re-computation."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from earmark.audio.decode import Limits, Sound, decode
from earmark.frontends import MfccTime
from earmark.frontends.mel_filters import htk_edges, warped
from earmark.frontends.mfcc_time import Hearing
from earmark.frontends.pooling import pooling
from earmark.frontends.trim import side_by_side, trimmed

FSDD = Path(os.environ.get("EARMARK_FSDD", "../shared/data/fsdd/recordings"))
LIMITS = Limits(max_bytes=10_000_000, max_seconds=60)
RATES = [1_000, 6_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 192_000]

Floats = NDArray[np.float64]


# The formulas, one by one and in double precision; nothing here is shared with the front end.


def at_8_khz(sound: Sound) -> Floats:
    samples = sound.samples
    if sound.rate != 8_000:
        samples = soxr.resample(samples, sound.rate, 8_000, quality="HQ")
    samples = samples[: math.ceil(len(sound.samples) * 8_000 / sound.rate)]
    missing = math.ceil(len(sound.samples) * 8_000 / sound.rate) - len(samples)
    return np.pad(samples, (0, missing)).astype(np.float64)


def spectrum(samples: Floats) -> Floats:
    """Power of each frame and bin, of shape (frames, 257)."""
    padded = np.concatenate([np.zeros(100), samples, np.zeros(100)])
    window = [0.5 - 0.5 * math.cos(2 * math.pi * n / 200) for n in range(200)]
    starts = range(0, len(padded) - 199, 80)
    return np.array([np.abs(np.fft.rfft(padded[s : s + 200] * window, 512)) ** 2 for s in starts])


def mel_edges(alpha: float) -> list[float]:
    low, high = (2_595 * math.log10(1 + hertz / 700) for hertz in (60, 3_800))
    mels = [low + (high - low) * n / 41 for n in range(42)]
    hertz = [700 * (10 ** (mel / 2_595) - 1) for mel in mels]
    bend = 0.85 * 3_800 / alpha
    if alpha <= 1:
        return [alpha * edge for edge in hertz]
    return [
        alpha * edge
        if edge <= bend
        else 0.85 * 3_800 + (edge - bend) / (3_800 - bend) * (1 - 0.85) * 3_800
        for edge in hertz
    ]


def mel_power(power: Floats, alpha: float = 1.0) -> Floats:
    """Of shape (frames, 40)."""
    edges = mel_edges(alpha)
    bands = []
    for left, middle, right in zip(edges, edges[1:], edges[2:], strict=False):
        weights = np.zeros(257)
        for number in range(257):
            hertz = number * 8_000 / 512
            if left < hertz <= middle:
                weights[number] = (hertz - left) / (middle - left)
            elif middle < hertz < right:
                weights[number] = (right - hertz) / (right - middle)
        bands.append(power @ (weights / weights.sum()))
    return np.array(bands).T


def word(mels: Floats, decibels: float = 42) -> tuple[int, int]:
    """First frame of the trimmed part, and one past its last."""
    energies = [math.log(max(power, 1e-30)) for power in mels.sum(axis=1)]
    around = [energies[0], *energies, energies[-1]]
    smooth = [sum(around[n : n + 3]) / 3 for n in range(len(energies))]
    loud = [n for n, e in enumerate(smooth) if e > max(smooth) - decibels * math.log(10) / 10]
    first, end = loud[0] - 1, loud[-1] + 2
    lacking = max(10 - (end - first), 0)
    first -= math.ceil(lacking / 2)
    end += math.floor(lacking / 2)
    shift = max(-first, 0) if end - first == 10 else 0
    first, end = first + shift, end + shift
    shift = max(end - len(energies), 0) if end - first == 10 else 0
    return max(first - shift, 0), min(end - shift, len(energies))


def steps(rows: Floats, a: float = 0, b: float = 0) -> Floats:
    """Pools (frames, n) to (24, n)."""
    frames = len(rows)
    pooled = []
    for step in range(24):
        u = (step + 0.5) / 24
        g = u + a * math.sin(math.pi * u) / math.pi + b * math.sin(math.tau * u) / math.tau
        slope = 1 + a * math.cos(math.pi * u) + b * math.cos(math.tau * u)
        centre = min(max(frames * g - 0.5, 0), frames - 1)
        reach = max(frames / 24 * slope, 1)
        weights = np.array([max(0.0, 1 - abs(n - centre) / reach) for n in range(frames)])
        pooled.append(weights / weights.sum() @ rows)
    return np.array(pooled)


def transform(rows: Floats) -> Floats:
    """First ten coefficients of the orthonormal DCT-II of (24, 40), of shape (24, 10)."""
    waves = [[math.cos(math.pi * k * (m + 0.5) / 40) for m in range(40)] for k in range(10)]
    scales = [math.sqrt(1 / 40)] + [math.sqrt(2 / 40)] * 9
    return np.asarray(rows @ np.array(waves).T * scales)


def recomputed(
    sound: Sound,
    alpha: float = 1.0,
    a: float = 0.0,
    b: float = 0.0,
    *,
    gains: Sequence[float] | NDArray[np.float32] = (0.0,) * 40,
    trim: float = 0.0,
    floor: float = 0.0,
) -> Floats:
    mels = mel_power(spectrum(at_8_khz(sound)), alpha)
    mels *= [10 ** (float(gain) / 10) for gain in gains]
    first, end = word(mels, 42 + trim)
    least = 10 ** (-(50 + floor) / 10)
    levels = np.log(mels + max(mels.max() * least, 1e-30))[first:end]
    return transform(steps(levels - levels.mean(axis=0), a, b)).ravel()


def noise(samples: int, rate: int, seed: int = 0, loudness: float = 0.1) -> Sound:
    """A tone that comes and goes, in noise."""
    random = np.random.default_rng(seed)
    times = np.arange(samples) / rate
    swell = np.sin(np.pi * np.arange(samples) / samples) ** 8
    tone = swell * np.sin(2 * np.pi * 0.07 * min(rate, 8_000) * times)
    waves = loudness * (tone + 1e-3 * random.standard_normal(samples))
    return Sound(waves.astype(np.float32), rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.012, 0.06, 0.2, 0.7, 5.0])
def test_a_clip_has_the_vector_that_the_formulas_give(rate: int, seconds: float) -> None:
    sound = noise(max(1, round(rate * seconds)), rate)

    np.testing.assert_allclose(MfccTime().extract([sound])[0], recomputed(sound), atol=1e-4)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("loudness", [1e-6, 1e-4, 1.0, 100.0, 2.0**31])
def test_a_faint_or_overdriven_clip_has_the_vector_that_the_formulas_give(
    rate: int, loudness: float
) -> None:
    sound = noise(rate // 2, rate, loudness=loudness)

    np.testing.assert_allclose(MfccTime().extract([sound])[0], recomputed(sound), atol=1e-4)


@pytest.mark.skipif(not FSDD.is_dir(), reason="no real recordings on this machine")
def test_real_clips_have_the_vectors_that_the_formulas_give() -> None:
    sounds = [decode(path.read_bytes(), LIMITS) for path in sorted(FSDD.glob("*.wav"))[::6]]

    vectors = MfccTime().extract(sounds)

    np.testing.assert_allclose(vectors, [recomputed(sound) for sound in sounds], atol=1e-4)


@pytest.mark.parametrize("samples", [1, 79, 80, 8_000, 240_000])
@pytest.mark.parametrize("rate", [1_000, 8_000, 44_100])
def test_a_silent_clip_is_all_zeros(samples: int, rate: int) -> None:
    vector = MfccTime().extract([Sound(np.zeros(samples, np.float32), rate)])[0]

    np.testing.assert_array_equal(vector, np.zeros(240))


def test_loudness_changes_nothing() -> None:
    loud, soft = (noise(4_000, 8_000, loudness=loudness) for loudness in (1.0, 1e-3))

    vectors = MfccTime().extract([loud, soft])

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-3)


def test_silence_around_a_word_changes_little() -> None:
    sound = noise(4_000, 8_000)
    around = Sound(np.pad(sound.samples, (4_000, 8_000)), 8_000)

    bare, padded = MfccTime().extract([sound, around])

    assert np.abs(bare - padded).max() < 0.05 * np.abs(bare).max()


def test_a_higher_sampling_rate_changes_little() -> None:
    wide = noise(22_050, 44_100)
    narrow = Sound(soxr.resample(wide.samples, 44_100, 8_000, quality="HQ"), 8_000)

    vectors = MfccTime().extract([wide, narrow])

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-3)


@pytest.mark.parametrize("alpha", [0.8, 0.93, 1.07, 1.25])
def test_another_vocal_tract_has_the_vector_that_the_formulas_give(alpha: float) -> None:
    sound, front_end = noise(6_000, 8_000), MfccTime()

    vectors = front_end.describe(front_end.log_mels([sound.samples], Hearing(alpha=alpha)))

    np.testing.assert_allclose(vectors[0], recomputed(sound, alpha), atol=1e-4)


@pytest.mark.parametrize("alpha", [0.88, 0.94, 1.06, 1.13])
def test_a_throat_brings_a_clip_close_to_what_another_vocal_tract_gives(alpha: float) -> None:
    sound, front_end = noise(6_000, 8_000, loudness=0.01), MfccTime()
    as_it_is = recomputed(sound)

    vectors = as_it_is.reshape(24, 10) @ front_end.throat(alpha)

    wanted = recomputed(sound, alpha)
    apart = np.linalg.norm(vectors.ravel() - wanted)
    assert apart < 0.7 * np.linalg.norm(as_it_is - wanted)


def test_a_throat_of_its_own_length_changes_nothing() -> None:
    np.testing.assert_allclose(MfccTime().throat(1.0), np.eye(10), atol=1e-6)


def test_a_clip_heard_through_another_microphone_has_the_vector_that_the_formulas_give() -> None:
    sound, front_end = noise(6_000, 8_000), MfccTime()
    gains = np.random.default_rng(0).uniform(-12, 12, 40).astype(np.float32)

    vectors = front_end.describe(front_end.log_mels([sound.samples], Hearing(gains_decibels=gains)))

    assert np.abs(vectors[0] - recomputed(sound)).max() > 0.1
    np.testing.assert_allclose(vectors[0], recomputed(sound, gains=gains), atol=1e-4)


@pytest.mark.parametrize("trim", [-6.0, 6.0])
@pytest.mark.parametrize("floor", [-6.0, 6.0])
def test_another_floor_and_trimming_have_the_vector_that_the_formulas_give(
    trim: float, floor: float
) -> None:
    sound, front_end = noise(6_000, 8_000), MfccTime()
    hearing = Hearing(trim_decibels=trim, floor_decibels=floor)

    vectors = front_end.describe(front_end.log_mels([sound.samples], hearing))

    np.testing.assert_allclose(vectors[0], recomputed(sound, trim=trim, floor=floor), atol=1e-4)


@pytest.mark.parametrize("warp", [(0.6, 0.0), (0.0, -0.6), (-0.6, -0.6), (0.6, 0.6)])
@pytest.mark.parametrize("samples", [400, 6_000, 80_000])
def test_a_warped_clip_has_the_vector_that_the_formulas_give(
    warp: tuple[float, float], samples: int
) -> None:
    sound, front_end = noise(samples, 8_000), MfccTime()

    vectors = front_end.describe(front_end.log_mels([sound.samples]), warp=warp)

    np.testing.assert_allclose(vectors[0], recomputed(sound, 1.0, *warp), atol=1e-4)


@pytest.mark.parametrize("alpha", [0.8, 1.0, 1.25])
def test_warped_bands_keep_their_order_and_stay_in_the_spectrum(alpha: float) -> None:
    edges = warped(htk_edges(60, 3_800, 40), alpha)

    assert (np.diff(edges) > 0).all()
    assert edges[-1] == pytest.approx(min(alpha, 1) * 3_800)


def test_a_word_is_trimmed_to_what_is_heard_and_one_frame_on_either_side() -> None:
    silence, speech = [-20.0] * 30, [0.0] * 20
    energies = np.array(silence + speech + silence, np.float32)

    found = trimmed(energies, side_by_side(np.array([80])), depth=10, least=10)

    assert (found.first[0], found.end[0]) == (29, 51)


@pytest.mark.parametrize(("frames", "peak", "expected"), [(40, 20, 10), (40, 0, 10), (6, 3, 6)])
def test_a_click_keeps_the_least_number_of_frames(frames: int, peak: int, expected: int) -> None:
    energies = np.full(frames, -90, np.float32)
    energies[peak] = 0

    found = trimmed(energies, side_by_side(np.array([frames])), depth=5, least=10)

    assert found.lengths[0] == expected
    assert found.first[0] <= peak < found.end[0]


def test_clips_are_trimmed_as_if_they_were_alone() -> None:
    random = np.random.default_rng(0)
    counts = np.array([1, 2, 30, 9, 100, 10])
    energies = (20 * random.standard_normal(counts.sum())).astype(np.float32)
    clips = side_by_side(counts)

    together = trimmed(energies, clips, depth=30, least=10)

    for number, (first, end) in enumerate(zip(clips.first, clips.end, strict=True)):
        alone = trimmed(energies[first:end], side_by_side(counts[number : number + 1]), 30, 10)
        assert together.first[number] - first == alone.first[0]
        assert together.end[number] - first == alone.end[0]


@pytest.mark.parametrize("frames", [1, 2, 10, 24, 100, 3_000])
@pytest.mark.parametrize("warp", [(0.0, 0.0), (-0.6, -0.6), (0.6, 0.6), (0.6, -0.6)])
def test_every_step_is_an_average_of_frames(frames: int, warp: tuple[float, float]) -> None:
    weights = pooling(frames, 24, warp)

    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_steps_move_forward_through_a_word() -> None:
    centres = pooling(100, 24, (0.4, -0.4)) @ np.arange(100)

    assert all(before < after for before, after in pairwise(centres))


def test_the_fingerprint_never_changes_by_accident() -> None:
    # Stored vectors carry it: when this fails, either undo the change or raise the revision.
    assert MfccTime().fingerprint == "7d0e938f03df5eed"
