"""The map of clips."""

from __future__ import annotations

import numpy as np

from dashboard.projection import flat, standardised, suspects


def test_clips_that_are_alike_lie_together_on_the_map_and_the_map_is_always_the_same() -> None:
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(3, 40)) * 4
    values = np.repeat(centres, 20, axis=0) + chance.normal(size=(60, 40))

    shown = flat(values)

    apart = np.linalg.norm(shown[:, None] - shown[None, :], axis=2) + np.diag([np.inf] * 60)
    assert (apart.argmin(axis=1) // 20 == np.arange(60) // 20).all()
    np.testing.assert_array_equal(flat(values), shown)


def test_a_clip_among_strangers_is_suspected() -> None:
    chance = np.random.default_rng(0)
    near, far = chance.normal(size=(40, 4)), chance.normal(9, size=(40, 4))
    values = standardised(np.vstack([near, far]).astype(np.float32))
    rows = [{"path": str(at), "truth": 3 if at < 40 else 8} for at in range(80)]
    rows[5]["truth"] = 8

    found = suspects(rows, values)

    assert [(each["path"], each["neighbours"]) for each in found] == [("5", 3)]
