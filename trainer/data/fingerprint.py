"""Fingerprints of what a training is made from, so that two trainings can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def of_data(table: pd.DataFrame) -> str:
    """Fingerprint of the clips, their truths and their speakers; 16 hex digits, any order."""
    return _of_lines(
        f"{digest} {digit} {speaker if isinstance(speaker, str) else ''}"
        for digest, digit, speaker in zip(
            table["digest"], table["digit"], table["speaker"], strict=True
        )
    )


def of_test(table: pd.DataFrame) -> str:
    """Fingerprint of a test set: equal exactly when the clips and their truths are."""
    return _of_lines(
        f"{digest} {digit}" for digest, digit in zip(table["digest"], table["digit"], strict=True)
    )


def of_values(values: Any) -> str:
    """Fingerprint of plain values."""
    return _of_lines([json.dumps(values, sort_keys=True)])


def _of_lines(lines: Iterable[str]) -> str:
    return blake2b("\n".join(sorted(lines)).encode(), digest_size=8).hexdigest()
