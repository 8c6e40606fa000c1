"""A thousand of the hundred thousand damaged files that `make fuzz` goes through."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import corpus
from tests.fuzz.trials import Unexplained, hear, trial


def test_a_damaged_file_ends_with_a_value_or_a_sentence(recordings: Path | None) -> None:
    wavs = corpus.wavs(recordings)
    zips = corpus.zips(wavs)

    ends = {trial(wavs, zips, number, seed=1) for number in range(1_000)}

    assert ends >= {"decoded", "refused", "zip opened", "zip refused"}


def test_every_undamaged_file_is_decoded(recordings: Path | None) -> None:
    assert {hear(clip) for clip in corpus.wavs(recordings)} == {"decoded"}


def test_the_trial_finds_a_reason_that_is_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.audio.wav_header._check_form", _fail_with_a_traceback)

    with pytest.raises(Unexplained, match="no sentence"):
        hear(b"RIFF")


def _fail_with_a_traceback(data: bytes) -> None:
    from earmark.errors import ClipError

    raise ClipError("ValueError('boom')")
