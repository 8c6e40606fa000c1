"""The mel filters."""

from __future__ import annotations

import numpy as np
import pytest

from earmark.frontends import mel_filters


def test_the_mel_filters_are_those_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")

    ours = mel_filters.slaney_filters(22_050, 2_048, 128)

    np.testing.assert_allclose(ours, librosa.filters.mel(sr=22_050, n_fft=2_048), atol=1e-8)
