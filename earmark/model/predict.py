"""Labelling files here and now, without any server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from earmark.audio.decode import Limits
from earmark.audio.reader import Failed, try_record
from earmark.clips import State, why
from earmark.frontends.extract import CHUNK, Extracted, Outcome, extract
from earmark.model.classifier import Classifier, Guess
from earmark.model.registry import Registry
from earmark.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a model hears in a file, or why it cannot."""

    path: str
    state: State
    """`labelled`, `unsure` or `failed`."""
    label: int | None = None
    confidence: float | None = None
    top: tuple[tuple[int, float], ...] = ()
    """The three likeliest digits with their probabilities, best first."""
    model: str | None = None
    reason: str | None = None
    """Why it failed, or what is strange about it, in plain words."""

    def as_json(self) -> dict[str, Any]:
        """As `earmark label --json` prints it."""
        if self.state is State.FAILED:
            return {"path": self.path, "state": str(self.state), "reason": self.reason}
        heard = {
            "path": self.path,
            "label": self.label,
            "confidence": self.confidence,
            "top": [list(pair) for pair in self.top],
            "model": self.model,
            "state": str(self.state),
        }
        return heard if self.reason is None else heard | {"reason": self.reason}


def hear(paths: Iterable[Path | Failed], classifier: Classifier, limits: Limits) -> Iterator[Heard]:
    """Label files, in their order; one that cannot be labelled costs no other anything."""
    rest = iter(paths)
    while chunk := list(islice(rest, CHUNK)):
        recordings = [
            item if isinstance(item, Failed) else try_record(item, limits) for item in chunk
        ]
        yield from _label(extract(recordings, classifier.front_end), classifier)


def live_classifier(settings: Settings) -> Classifier:
    """The live model, loaded once for each version.

    Raises
    ------
    ModelError
        When there is none, or it cannot be used.
    """
    registry = Registry.of(settings)
    version = registry.live()
    return _classifier(registry.path(version).resolve())


def label_paths(paths: Sequence[str | os.PathLike[str]]) -> list[Heard]:
    """Label files with the live model of the settings; what `earmark.label` does."""
    settings = Settings.load()
    files = [Path(path) for path in paths]
    return list(hear(files, live_classifier(settings), settings.limits))


@lru_cache(maxsize=2)
def _classifier(folder: Path) -> Classifier:
    return Classifier(Registry(folder.parent).artefact(folder.name))


def _label(outcomes: Sequence[Outcome], classifier: Classifier) -> Iterator[Heard]:
    vectors = [outcome.vector for outcome in outcomes if isinstance(outcome, Extracted)]
    guesses = iter(classifier.guess(np.stack(vectors)) if vectors else ())
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            yield Heard(path=str(outcome.path), state=State.FAILED, reason=outcome.reason)
        else:
            yield _heard(outcome, next(guesses), classifier.version)


def _heard(outcome: Extracted, guess: Guess, model: str) -> Heard:
    sound = outcome.recording.sound
    sure = guess.sure and sound.truncated is None
    return Heard(
        path=str(outcome.path),
        state=State.LABELLED if sure else State.UNSURE,
        label=guess.label,
        confidence=guess.confidence,
        top=guess.top,
        model=model,
        reason=why(sound.truncated, None if guess.sure else guess.reason, sound.note),
    )
