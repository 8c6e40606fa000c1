"""The vectors of the front ends, against librosa and against themselves."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earmark.audio.decode import Limits, Sound, decode
from earmark.frontends import FRONT_ENDS, MfccMean, front_end
from tests.noises import RATES, noise

FSDD = Path(os.environ.get("EARMARK_FSDD", "../shared/data/fsdd/recordings"))
LIMITS = Limits(max_bytes=10_000_000, max_seconds=60)
# librosa imports modules that Python 3.13 drops, and warns of clips shorter than a frame.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:n_fft=2048 is too large"),
]


def librosa_mfcc_mean(file: io.BytesIO | Path) -> NDArray[np.float32]:
    librosa = pytest.importorskip("librosa")
    samples, _ = librosa.load(file)
    coefficients = librosa.feature.mfcc(y=samples, sr=22_050, n_mfcc=40)
    return np.asarray(np.mean(coefficients.T, axis=0))


def reference(sound: Sound) -> NDArray[np.float32]:
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, subtype="FLOAT", format="WAV")
    file.seek(0)
    return librosa_mfcc_mean(file)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 100, 1_023, 2_048, 12_345])
def test_mfcc_mean_is_what_librosa_gives(samples: int, rate: int) -> None:
    sound = noise(samples, rate)

    np.testing.assert_allclose(MfccMean().extract([sound])[0], reference(sound), atol=1e-3)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("loudness", [0.0, 1e-6, 1e-4, 1.0, 100.0])
def test_silent_faint_and_overdriven_clips_are_what_librosa_gives(
    loudness: float, rate: int
) -> None:
    sound = noise(rate // 2, rate, loudness=loudness)

    np.testing.assert_allclose(MfccMean().extract([sound])[0], reference(sound), atol=1e-3)


def test_a_long_silence_does_not_add_up_rounding_errors() -> None:
    silence = Sound(np.zeros(60 * 22_050, np.float32), 22_050)

    vector = MfccMean().extract([silence])[0]

    np.testing.assert_allclose(vector, [-100 * np.sqrt(128)] + [0] * 39, atol=1e-3)


@pytest.mark.skipif(not FSDD.is_dir(), reason="no real recordings on this machine")
def test_mfcc_mean_of_every_real_clip_is_what_librosa_gives() -> None:
    paths = sorted(FSDD.glob("*.wav"))

    vectors = MfccMean().extract([decode(path.read_bytes(), LIMITS) for path in paths])

    expected = [librosa_mfcc_mean(path) for path in paths]
    np.testing.assert_allclose(vectors, expected, atol=1e-3)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_a_clip_has_the_same_vector_alone_and_among_others(name: str) -> None:
    sounds = [
        noise(samples, rate, seed)
        for seed, (samples, rate) in enumerate(
            [(3_000, 8_000), (90_000, 48_000), (1, 8_000), (20_000, 22_050), (3_300, 8_000)] * 9
        )
    ]

    together = front_end(name).extract(sounds)

    alone = [front_end(name).extract([sound])[0] for sound in sounds]
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_no_clips_have_no_vectors(name: str) -> None:
    chosen = front_end(name)

    assert chosen.extract([]).shape == (0, chosen.dimensions)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_a_clip_is_not_changed_by_its_extraction(name: str) -> None:
    sound = noise(5_000, 22_050)
    before = sound.samples.copy()

    front_end(name).extract([sound])

    np.testing.assert_array_equal(sound.samples, before)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_threads_do_not_disturb_one_another(name: str) -> None:
    batches = [[noise(4_000, 8_000, seed), noise(9_000, 16_000, seed)] for seed in range(24)]
    extract = front_end(name).extract
    expected = [extract(batch) for batch in batches]

    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(extract, batches))

    np.testing.assert_array_equal(vectors, expected)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_another_process_gives_the_same_vectors(name: str) -> None:
    batch = [noise(4_000, 8_000)]
    extract = front_end(name).extract
    expected = extract(batch)

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        vectors = pool.submit(extract, batch).result()

    np.testing.assert_array_equal(vectors, expected)


def test_the_fingerprint_of_the_notebooks_front_end_never_changes_by_accident() -> None:
    # Stored vectors carry it: when this fails, either undo the change or raise the revision.
    assert MfccMean().fingerprint == "46e6bd70c4333937"


def test_other_parameters_have_another_fingerprint() -> None:
    assert MfccMean(coefficients=20).fingerprint != MfccMean().fingerprint
    assert MfccMean(coefficients=20).dimensions == 20


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_a_front_end_travels_between_processes(name: str) -> None:
    assert pickle.loads(pickle.dumps(front_end(name))) == front_end(name)


def test_an_unknown_front_end_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no front end 'mfcc'; there are mfcc-mean"):
        front_end("mfcc")
