"""Tables of made-up clips for the trainer's tests: each digit is a direction, plus noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from earmark.datasets.table import frame
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd

VOICES = ("ann", "ben", "cem", "dot", "eli", "fay")

TINY = Recipe(
    name="tiny",
    about="a small net for tests",
    layers=(16,),
    epochs=12,
    batch_size=16,
    learning_rate=0.02,
    validation_share=0.1,
    keep="best",
)


def clip_table(
    speakers: Sequence[str | None] = VOICES,
    *,
    takes: int = 5,
    digits: Iterable[int] = range(10),
    noise: float = 0.5,
) -> pd.DataFrame:
    """As `earmark.datasets.table.COLUMNS`; a clip's digest and vector depend on its name alone."""
    told = [(digit, who, take) for who in speakers for digit in digits for take in range(takes)]
    rows = []
    for digit, speaker, take in told:
        name = f"{digit}_{speaker}_{take}.wav"
        rows.append((name, digest(name), digit, speaker, vector(name, digit, noise)))
    return frame(rows)


def digest(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()


def vector(name: str, digit: int, noise: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    random = np.random.default_rng(int(digest(name), 16))
    values = random.normal(0, noise, 40)
    values[digit] += 3
    return values.astype(np.float32)
