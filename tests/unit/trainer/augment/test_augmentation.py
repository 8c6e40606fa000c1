"""The views that a clip is trained on, and the cache that keeps them."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import Limits, Sound
from earmark.audio.reader import Recording, try_record
from earmark.frontends import MfccTime
from trainer.augment.acoustics import at_speed, coloured_noise, loud_power, microphone, room
from trainer.augment.augmentation import Augmentation, cropped
from trainer.data.view_cache import ViewCache, disk_bytes
from trainer.data.views import Views

LIMITS = Limits(max_bytes=10_000_000, max_seconds=60)
FRONT_END = MfccTime()
SHAPE = (13, 240)
RECORD_BYTES = 16 + 13 * 240 * 2 + 4


def spoken(samples: int = 4_000, rate: int = 8_000, seed: int = 0) -> Sound:
    """A gliding tone between two silences."""
    random = np.random.default_rng(seed)
    times = np.arange(samples) / samples
    waves = np.sin(2 * np.pi * samples * times * (0.03 + 0.05 * times)) * np.sin(np.pi * times) ** 4
    return Sound((0.2 * waves + 1e-4 * random.standard_normal(samples)).astype(np.float32), rate)


def digest_of(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    found = []
    for seed in range(5):
        path = tmp_path / f"{seed}_a_0.wav"
        soundfile.write(path, spoken(seed=seed).samples, 8_000, "PCM_16")
        found.append(try_record(path, LIMITS))
    return [each for each in found if isinstance(each, Recording)]


def exact_of(recordings: list[Recording]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return FRONT_END.extract([each.sound for each in recordings])


def clips_of(recordings: list[Recording]) -> dict[str, Path]:
    return {each.digest: each.path for each in recordings}


def test_the_first_view_is_the_vector_that_workers_extract() -> None:
    views = Augmentation().views(FRONT_END, spoken(rate=16_000), digest_of("a"))

    np.testing.assert_allclose(views[0], FRONT_END.extract([spoken(rate=16_000)])[0], atol=1e-5)


def test_views_differ_from_one_another_and_altered_ones_more() -> None:
    views = Augmentation().views(FRONT_END, spoken(), digest_of("a"))

    distances = np.linalg.norm(views[1:] - views[0], axis=1)
    assert views.shape == SHAPE
    assert len(np.unique(views, axis=0)) == 13
    assert distances[2:].mean() > distances[:2].mean() > 0


def test_a_digest_decides_what_is_drawn() -> None:
    again, other = (
        Augmentation().views(FRONT_END, spoken(), digest_of(name)) for name in ("a", "b")
    )

    np.testing.assert_array_equal(again, Augmentation().views(FRONT_END, spoken(), digest_of("a")))
    np.testing.assert_allclose(other[0], again[0])
    assert (other[1:] != again[1:]).any(axis=1).all()


@pytest.mark.parametrize("samples", [1, 50, 400, 80_000])
@pytest.mark.parametrize("loudness", [0.0, 1e-6, 1e4])
def test_views_of_the_oddest_clips_are_finite(samples: int, loudness: float) -> None:
    sound = Sound(spoken(samples).samples * np.float32(loudness), 8_000)

    assert np.isfinite(Augmentation().views(FRONT_END, sound, digest_of("a"))).all()


def test_a_clip_without_augmentation_has_one_exact_view() -> None:
    views = Augmentation(clean=1, altered=0).views(FRONT_END, spoken(), digest_of("a"))

    np.testing.assert_allclose(views, FRONT_END.extract([spoken()]), atol=1e-5)


@pytest.mark.parametrize("pole", [0.0, 0.5, 0.9])
def test_noise_has_the_colour_and_power_that_was_asked_for(pole: float) -> None:
    noise = coloured_noise(200_000, pole, np.random.default_rng(0))

    assert noise.dtype == np.float32
    assert np.mean(noise**2) == pytest.approx(1, abs=0.05)
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(pole, abs=0.05)


@pytest.mark.parametrize(("factor", "hertz"), [(1.25, 625), (0.8, 400)])
def test_a_faster_clip_is_shorter_and_higher(factor: float, hertz: float) -> None:
    times = np.arange(8_000) / 8_000
    tone = np.sin(2 * np.pi * 500 * times).astype(np.float32)

    faster = at_speed(tone, factor, 8_000)

    spectrum = np.abs(np.fft.rfft(faster))
    assert len(faster) == pytest.approx(8_000 / factor, abs=2)
    assert spectrum.argmax() * 8_000 / len(faster) == pytest.approx(hertz, abs=2)


def test_a_room_answers_with_softer_echoes_and_never_before_the_voice() -> None:
    clip = np.zeros(4_000, np.float32)
    clip[1_000] = 1

    heard = room(clip, 8_000, np.random.default_rng(0))

    assert np.abs(heard[:1_000]).max() < 1e-5
    assert heard[1_000] == pytest.approx(1, abs=1e-5)
    assert 0 < (heard[1_001:] ** 2).sum() <= 1.01
    assert 0 < len(heard) - len(clip) <= 0.15 * 8_000


def test_a_microphone_tilts_and_ripples_as_far_as_it_may() -> None:
    chance = np.random.default_rng(0)
    tilts = np.array([microphone(40, 12, 0, chance) for _ in range(200)])
    ripples = np.array([microphone(40, 0, 3, chance) for _ in range(2_000)])

    np.testing.assert_allclose(tilts[:, 0], -tilts[:, -1], atol=1e-5)
    assert 11 < np.abs(tilts).max() <= 12
    assert np.sqrt((ripples**2).mean()) == pytest.approx(3, rel=0.1)


def test_the_power_of_the_loud_frames_is_that_of_the_word_and_not_of_the_silence() -> None:
    clip = np.zeros(8_000, np.float32)
    clip[:4_000] = 0.5

    assert loud_power(clip, 200) == pytest.approx(0.25)


def test_a_cropped_word_stays_within_its_clip_and_is_never_empty() -> None:
    mels = FRONT_END.log_mels([spoken(samples).samples for samples in (1, 300, 4_000, 40_000)])
    chance = np.random.default_rng(0)

    cuts = [cropped(mels, 0.12, chance) for _ in range(50)]

    assert all((cut.lengths > 0).all() for cut in cuts)
    assert all((cut.first >= mels.clips.first).all() for cut in cuts)
    assert all((cut.end <= mels.clips.end).all() for cut in cuts)
    assert any((cut.lengths != mels.words.lengths).any() for cut in cuts)


def test_other_parameters_are_another_cache() -> None:
    assert Augmentation(crop=0.1).fingerprint != Augmentation().fingerprint
    assert Augmentation().fingerprint == Augmentation().fingerprint


def test_views_come_from_the_cache_the_second_time(
    tmp_path: Path, recordings: list[Recording]
) -> None:
    views = Views(tmp_path / "cache", LIMITS)
    first = views.of(clips_of(recordings), exact_of(recordings))
    for recording in recordings:
        recording.path.unlink()

    second = views.of(clips_of(recordings), exact_of(recordings))

    assert first.shape == (5, *SHAPE)
    assert disk_bytes(tmp_path / "cache") == 5 * RECORD_BYTES
    np.testing.assert_array_equal(first, second)


def test_a_cached_view_is_close_to_the_exact_one(
    tmp_path: Path, recordings: list[Recording]
) -> None:
    exact = exact_of(recordings)

    cached = Views(tmp_path / "cache", LIMITS).of(clips_of(recordings), exact)

    np.testing.assert_allclose(cached[:, 0], exact, rtol=1e-3, atol=1e-3)


def test_views_of_a_clip_do_not_depend_on_the_other_clips(
    tmp_path: Path, recordings: list[Recording]
) -> None:
    together = Views(tmp_path / "a", LIMITS).of(clips_of(recordings), exact_of(recordings))

    alone = Views(tmp_path / "b", LIMITS).of(clips_of(recordings[3:4]), exact_of(recordings[3:4]))

    np.testing.assert_array_equal(together[3], alone[0])


def test_a_clip_whose_recording_is_gone_or_replaced_keeps_its_exact_vector(
    tmp_path: Path, recordings: list[Recording]
) -> None:
    recordings[0].path.unlink()
    recordings[2].path.replace(recordings[1].path)

    exact = exact_of(recordings[:2])
    views = Views(tmp_path / "cache", LIMITS).of(clips_of(recordings[:2]), exact)

    np.testing.assert_array_equal(views, np.repeat(exact[:, None].astype(np.float16), 13, axis=1))
    assert disk_bytes(tmp_path / "cache") == 0


def test_progress_counts_every_clip_once(tmp_path: Path, recordings: list[Recording]) -> None:
    told: list[int] = []
    views = Views(tmp_path / "cache", LIMITS)
    views.of(clips_of(recordings[:2]), exact_of(recordings[:2]))

    views.of(clips_of(recordings), exact_of(recordings), progress=told.append)

    assert sum(told) == 5


@pytest.fixture
def cache(tmp_path: Path) -> ViewCache:
    return ViewCache(tmp_path / "cache", "one", (2, 3), limit_bytes=3 * (16 + 2 * 3 * 2 + 4))


def some(*names: str) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.float16]]]:
    return {digest_of(name): np.full((2, 3), len(name), np.float16) for name in names}


def test_an_empty_cache_has_no_views(cache: ViewCache) -> None:
    assert cache.read([digest_of("a")]) == {}
    assert cache.size_bytes == 0
    assert not cache.folder.exists()


def test_a_full_cache_takes_no_more(cache: ViewCache) -> None:
    kept = cache.add(some("a", "bb")) + cache.add(some("ccc", "dddd"))

    assert kept == 3
    assert cache.size_bytes == disk_bytes(cache.folder) == cache.limit_bytes
    assert list(cache.read(list(some("a", "bb", "ccc", "dddd")))) == list(some("a", "bb", "ccc"))


def test_a_full_cache_makes_room_by_dropping_what_nobody_wants(cache: ViewCache) -> None:
    cache.add(some("a", "bb", "ccc"))

    cache.keep(list(some("bb")))

    assert cache.add(some("dddd")) == 1
    assert list(cache.read(list(some("a", "bb", "ccc", "dddd")))) == list(some("bb", "dddd"))


def test_a_cache_with_room_drops_nothing(cache: ViewCache) -> None:
    cache.add(some("a", "bb"))

    cache.keep([])

    assert len(cache.read(list(some("a", "bb")))) == 2


def test_what_was_half_written_is_not_taken_and_harms_nothing_later(cache: ViewCache) -> None:
    cache.add(some("a", "bb"))
    (file,) = cache.folder.glob("*.views")
    os.truncate(file, cache.size_bytes - 5)

    assert list(cache.read(list(some("a", "bb")))) == list(some("a"))
    cache.add(some("ccc"))
    assert list(cache.read(list(some("a", "bb", "ccc")))) == list(some("a", "ccc"))


def test_a_damaged_record_is_not_taken(cache: ViewCache) -> None:
    cache.add(some("a", "bb"))
    (file,) = cache.folder.glob("*.views")
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    file.write_bytes(content)

    assert list(cache.read(list(some("a", "bb")))) == list(some("bb"))


def test_views_of_other_parameters_are_thrown_away(cache: ViewCache) -> None:
    cache.add(some("a"))

    ViewCache(cache.folder, "two", (2, 3)).add(some("bb"))

    assert cache.size_bytes == 0
    assert disk_bytes(cache.folder) == 16 + 2 * 3 * 2 + 4
