"""The cache of views: what is kept comes back, and only its owner may read it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from trainer.data.view_cache import ViewCache

DIGEST = "00112233445566778899aabbccddeeff"


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = ViewCache(tmp_path / "views", "one", (2, 3))
    views = np.arange(6, dtype=np.float32).reshape(2, 3)

    assert cache.add({DIGEST: views}) == 1

    np.testing.assert_array_equal(cache.read([DIGEST])[DIGEST], views)
    assert cache.read(["ff" * 16]) == {}


def test_folders_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        data = tmp_path / "var"
        cache = ViewCache(data / "views", "one", (2, 3), limit_bytes=1)
        cache.add({DIGEST: np.zeros((2, 3))})
        cache.keep([DIGEST])
    finally:
        os.umask(before)

    assert {path.stat().st_mode & 0o077 for path in (data, *data.rglob("*"))} == {0}
