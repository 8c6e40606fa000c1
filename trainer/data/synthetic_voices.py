"""Synthetic voices, and sounds that are no digit: a share of the training side, and of no other.

Both are made by a program, so nobody's voice is in them, and neither is ever tested or validated
on. Their views are cached in one file each; a file of another making is thrown away.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark import synthesis
from earmark.audio.decode import Limits, Sound
from earmark.audio.reader import record
from earmark.environment.data_folder import keep_private, owner_only
from earmark.errors import EarmarkError, MissingExtra
from earmark.frontends import MfccTime, front_end
from earmark.synthesis import espeak
from earmark.truth import told_by_name
from trainer.augment.augmentation import Augmentation
from trainer.augment.non_speech import wordless
from trainer.data.samples import OTHER, Samples
from trainer.recipes import Recipe

SUFFIX = ".npz"
TAKES = 3
"""How often each synthetic voice says each digit."""
WORDS = tuple(
    """
    ten eleven hundred yes no hello stop go left right up down on off cat dog house tree bird
    bed happy marvin sheila wow back maybe please thanks good morning music water open close
    light door again never always computer weather
    """.split()  # noqa: SIM905 - a list of forty strings takes forty lines
)
"""What else is said, once by each voice in turn; no homophones of digits."""
_WORDLESS = 9
"""Sounds without any word for each voice that says other words."""
_REVISION = 1
_VOICES_SEED = 1
_OTHERS_SEED = 2
_LIMITS = Limits(max_bytes=2**22, max_seconds=10)


@dataclass(frozen=True, slots=True)
class Additions:
    """What joins a training side that nobody recorded."""

    voices: Samples | None = None
    """Digits by synthetic voices."""
    others: Samples | None = None
    """Sounds that are no digit."""
    count: int = 0
    """Synthetic voices."""
    remark: str = ""
    """Why something is missing that was wanted."""

    @property
    def clips(self) -> int:
        """Clips by synthetic voices that say digits."""
        return 0 if self.voices is None else len(self.voices)

    def as_json(self) -> dict[str, Any]:
        return {
            "voices": self.count,
            "clips": self.clips,
            "others": 0 if self.others is None else len(self.others),
            "remark": self.remark,
        }


NOTHING = Additions()


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Makes the additions of a recipe, each once.

    Parameters
    ----------
    folder
        Where their views are cached.
    """

    folder: Path

    def additions(self, recipe: Recipe, voices: int) -> Additions:
        """What a recipe wants to join its training side.

        Parameters
        ----------
        voices
            Synthetic voices at most; 0 switches them off.
        """
        if recipe.augmentation is None or not (recipe.synthetic or recipe.others):
            return NOTHING
        remarks = []
        digits = others = None
        try:
            if recipe.synthetic and voices:
                digits = self._cached("voices", recipe, lambda: _voices(voices), voices)
        except MissingExtra as error:
            remarks.append(f"no synthetic voices: {error}")
        if recipe.others:
            amount = (recipe.others, _speaks())
            others = self._cached("others", recipe, lambda: _others(*amount), amount)
        count = voices if digits is not None else 0
        return Additions(digits, others, count, "; ".join(remarks))

    @property
    def size_bytes(self) -> int:
        """What the cache takes on disk."""
        return sum(path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}"))

    def _cached(
        self, kind: str, recipe: Recipe, make: Callable[[], Iterable[_Clip]], amount: object
    ) -> Samples:
        if recipe.augmentation is None:
            raise ValueError(f"recipe {recipe.name} has no views")
        extractor = _extractor(recipe)
        identity = [_REVISION, amount, extractor.fingerprint, recipe.augmentation.fingerprint]
        hashed = hashlib.sha256(json.dumps([*identity, TAKES, WORDS, _WORDLESS]).encode())
        path = self.folder / f"{kind}-{hashed.hexdigest()[:16]}{SUFFIX}"
        found = _read(path)
        if found is None:
            found = _samples(make(), extractor, recipe.augmentation)
            self._write(path, kind, found)
        return found

    def _write(self, path: Path, kind: str, made: Samples) -> None:
        keep_private(keep_private(self.folder.parent) / self.folder.name)
        for older in self.folder.glob(f"{kind}-*"):
            older.unlink(missing_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        with open(unfinished, "wb", opener=owner_only) as file:
            np.savez(file, views=_views_of(made), digits=made.digits)
        unfinished.replace(path)


_Clip = tuple[Sound, str, int]
"""A sound, its digest and its digit."""


def _voices(count: int) -> Iterator[_Clip]:
    yield from _spoken(synthesis.DIGITS, count, TAKES, _VOICES_SEED)


def _others(voices: int, speaks: bool) -> Iterator[_Clip]:
    if speaks:
        words = {word: word for word in WORDS}
        yield from ((s, d, OTHER) for s, d, _ in _spoken(words, voices, 1, _OTHERS_SEED))
    for sound in wordless(voices * _WORDLESS, _OTHERS_SEED):
        yield sound, hashlib.blake2b(sound.samples.tobytes(), digest_size=16).hexdigest(), OTHER


def _spoken(words: Any, voices: int, takes: int, seed: int) -> Iterator[_Clip]:
    with tempfile.TemporaryDirectory(prefix="earmark-voices-") as folder:
        synthesis.synthesise(Path(folder), speakers=voices, takes=takes, seed=seed, words=words)
        for path in sorted(Path(folder).rglob("*.wav")):
            clip = record(path, _LIMITS)
            digit = told_by_name(path.name).digit
            yield clip.sound, clip.digest, digit if isinstance(digit, int) else OTHER


def _speaks() -> bool:
    try:
        espeak.require()
    except EarmarkError:
        return False
    return True


def _extractor(recipe: Recipe) -> MfccTime:
    extractor = front_end(recipe.front_end)
    if not isinstance(extractor, MfccTime):
        raise ValueError(f"{recipe.front_end} has no views")
    return extractor


def _samples(clips: Iterable[_Clip], extractor: MfccTime, augmentation: Augmentation) -> Samples:
    views, digits = [], []
    for sound, digest, digit in clips:
        views.append(augmentation.views(extractor, sound, digest).astype(np.float16))
        digits.append(digit)
    return _of_views(np.stack(views), np.array(digits, np.int64))


def _of_views(views: NDArray[np.float16], digits: NDArray[np.int64]) -> Samples:
    return Samples(views[:, 0].astype(np.float32), digits, views)


def _views_of(made: Samples) -> NDArray[np.float16]:
    if made.views is None:
        raise ValueError("there are no views")
    return made.views


def _read(path: Path) -> Samples | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return _of_views(file["views"], file["digits"])
    except (OSError, ValueError, KeyError):
        return None
