"""The vectors in the store, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from earmark.errors import FrontEndMismatch
from earmark.frontends import front_end
from earmark.store import Store

FRONT_END = front_end("mfcc-mean")
DIGEST = "00ff" * 8


def test_vectors_come_back_to_the_bit(store: Store) -> None:
    vector = np.array([0.1, -0.0, 1e-38, 3.4e38] * 10, dtype=np.float32)

    store.vectors.put(FRONT_END, {DIGEST: vector})

    [found, missing] = store.vectors.get(FRONT_END, [DIGEST, "ff" * 16])
    assert found is not None
    assert found.tobytes() == vector.tobytes()
    assert missing is None


def test_a_vector_of_another_length_is_never_mixed_in(store: Store) -> None:
    store.vectors.put(FRONT_END, {DIGEST: np.zeros(39, np.float32)})

    with pytest.raises(FrontEndMismatch, match="156 bytes, and one of mfcc-mean has 160"):
        store.vectors.get(FRONT_END, [DIGEST])
