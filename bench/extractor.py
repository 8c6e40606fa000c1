"""How fast clips become vectors, against librosa and against what the FFTs and soxr alone take.

Run as `python -m bench.extractor [--quick]`; real clips are found through `EARMARK_FSDD`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.table import Row, table
from earmark.audio.decode import Limits, Sound, decode
from earmark.frontends import MfccMean, resample, spectrum
from earmark.frontends.mel_filters import hann

CAVEATS = """\
Caveats
- Microseconds of processor time a clip, the fastest of several rounds in which all contestants take
  turns; one core (the process is bound to it), one BLAS thread, files in the page cache.
- The peer is librosa.load + librosa.feature.mfcc + the mean over time, on the same files, imported
  and warmed up beforehand.
- The limit is scipy.fft.rfft plus soxr.resample on the same samples in the same call shapes, their
  input hot in the cache as it is in the extractor; reading and decoding are not part of it.
- "One by one" is the slow case: soxr designs its filter anew for every call, which takes longer
  than the filtering; batches share it.
- Synthetic clips are tones in noise; the cost depends on length and rate only."""

LIMITS = Limits(max_bytes=2**26, max_seconds=60)
BATCH = 64
GOALS = {16_000: 4.0, 48_000: 4.0}
"""How many times faster than librosa clips of 1.5 s are to be, by sampling rate (Hz)."""
_FRONT_END = MfccMean()
_FRAMING = spectrum.Framing(hann(_FRONT_END.fft_size), _FRONT_END.hop, pad=_FRONT_END.fft_size // 2)


@dataclass(frozen=True)
class Corpus:
    """Files that are measured together."""

    what: str
    paths: Sequence[Path]
    batch: int = BATCH
    least_ratio: float | None = None
    """The goal: how many times faster than librosa."""
    least_share: float | None = None
    """The goal: part of our time that the limit is."""

    def batches(self) -> Iterator[Sequence[Path]]:
        for start in range(0, len(self.paths), self.batch):
            yield self.paths[start : start + self.batch]


def rows(quick: bool) -> list[Row]:
    """Measure, and give the rows of the table.

    Parameters
    ----------
    quick
        Fewer clips and rounds.
    """
    rounds = 5 if quick else 20
    with _one_core(), tempfile.TemporaryDirectory() as folder:
        spoken = _spoken(Path(folder), 64 if quick else 256)
        corpora = [
            replace(spoken, what=f"{spoken.what}, batches of {BATCH}"),
            Corpus(f"{spoken.what}, one by one", spoken.paths, batch=1),
            *(
                Corpus(
                    f"1.5 s at {rate:,} Hz, batches of {BATCH}",
                    paths,
                    least_ratio=GOALS.get(rate),
                )
                for rate, paths in _synthetic(Path(folder), 16 if quick else BATCH).items()
            ),
        ]
        return [_decoding(spoken, rounds), *(_extraction(corpus, rounds) for corpus in corpora)]


def race(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Processor seconds of each contestant's fastest round, all taking turns."""
    for contestant in contestants.values():
        contestant()
    fastest = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, contestant in contestants.items():
            start = time.process_time()
            contestant()
            fastest[name] = min(fastest[name], time.process_time() - start)
    return fastest


def _decoding(corpus: Corpus, rounds: int) -> Row:
    import soundfile

    contents = [path.read_bytes() for path in corpus.paths]
    seconds = race(
        {
            "ours": lambda: [decode(data, LIMITS) for data in contents],
            "peer": lambda: [soundfile.read(path, dtype="float32") for path in corpus.paths],
        },
        rounds,
    )
    return Row(
        what="decoding alone (peer: soundfile)",
        unit="us",
        ours=_microseconds(seconds["ours"], corpus),
        peer=_microseconds(seconds["peer"], corpus),
    )


def _extraction(corpus: Corpus, rounds: int) -> Row:
    seconds = race(
        {
            "ours": lambda: _ours(corpus),
            "peer": lambda: _librosa(corpus.paths),
            "FFTs": _transforms(corpus),
            "resampling": _resamplings(corpus),
        },
        rounds,
    )
    return Row(
        what=corpus.what,
        unit="us",
        ours=_microseconds(seconds["ours"], corpus),
        peer=_microseconds(seconds["peer"], corpus),
        limit=_microseconds(seconds["FFTs"] + seconds["resampling"], corpus),
        least_ratio=corpus.least_ratio,
        least_share=corpus.least_share,
    )


def _ours(corpus: Corpus) -> None:
    for paths in corpus.batches():
        _FRONT_END.extract(_sounds(paths))


def _librosa(paths: Sequence[Path]) -> None:
    import librosa

    for path in paths:
        samples, _ = librosa.load(path)
        coefficients = librosa.feature.mfcc(y=samples, sr=22_050, n_mfcc=40)
        np.mean(coefficients.T, axis=0)


def _transforms(corpus: Corpus) -> Callable[[], None]:
    from scipy import fft

    hot: dict[int, NDArray[np.float32]] = {}
    sizes = []
    for paths in corpus.batches():
        for _, clips in resample.resampled(_sounds(paths), _FRONT_END.rate):
            for block in spectrum.windowed(clips, _FRAMING):
                hot.setdefault(len(block), block.copy())
                sizes.append(len(block))

    def transform() -> None:
        for size in sizes:
            fft.rfft(hot[size].T, _FRONT_END.fft_size, axis=0)

    return transform


def _resamplings(corpus: Corpus) -> Callable[[], None]:
    import soxr

    groups = [
        (resample.side_by_side([sounds[index].samples for index in group]), sounds[group[0]].rate)
        for sounds in map(_sounds, corpus.batches())
        for group in resample.groups(sounds, _FRONT_END.rate)
    ]

    def resample_all() -> None:
        for channels, rate in groups:
            if rate != _FRONT_END.rate:
                soxr.resample(channels.T, rate, _FRONT_END.rate, quality="HQ")

    return resample_all


def _sounds(paths: Sequence[Path]) -> list[Sound]:
    return [decode(path.read_bytes(), LIMITS) for path in paths]


def _microseconds(seconds: float, corpus: Corpus) -> float:
    return seconds / len(corpus.paths) * 1e6


def _spoken(folder: Path, count: int) -> Corpus:
    recordings = Path(os.environ.get("EARMARK_FSDD", "../shared/data/fsdd/recordings"))
    paths = sorted(recordings.glob("*.wav"))
    if paths:
        chosen = np.random.default_rng(0).permutation(len(paths))[:count]
        clips = [paths[index] for index in chosen]
        return Corpus("real clips (8,000 Hz)", clips, least_ratio=5, least_share=0.65)
    return Corpus("0.43 s at 8,000 Hz", _write(folder, 8_000, 0.43, count))


def _synthetic(folder: Path, count: int) -> dict[int, list[Path]]:
    rates = (8_000, 16_000, 22_050, 44_100, 48_000)
    return {rate: _write(folder, rate, 1.5, count) for rate in rates}


def _write(folder: Path, rate: int, seconds: float, count: int) -> list[Path]:
    import soundfile

    random = np.random.default_rng(rate)
    times = np.arange(round(rate * seconds)) / rate
    paths = [folder / f"{rate}_{seconds}_{number}.wav" for number in range(count)]
    for path in paths:
        tone = 0.3 * np.sin(2 * np.pi * random.uniform(100, 3_000) * times)
        soundfile.write(path, tone + 0.02 * random.standard_normal(len(times)), rate, "PCM_16")
    return paths


@contextmanager
def _one_core() -> Iterator[None]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    with threadpool_limits(1):
        if allowed:
            os.sched_setaffinity(0, {max(allowed)})
        try:
            yield
        finally:
            if allowed:
                os.sched_setaffinity(0, allowed)


def main() -> None:
    """Print the table and its caveats."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.extractor")
    parser.add_argument("--quick", action="store_true", help="fewer clips and rounds")
    print(table(rows(parser.parse_args().quick)))
    print()
    print(CAVEATS)


if __name__ == "__main__":
    main()
