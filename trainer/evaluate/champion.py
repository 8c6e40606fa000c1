"""The live model and the best ever, on the challenger's test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark.datasets.table import matrix
from earmark.errors import FrontEndMismatch, ModelError, NoModel
from earmark.frontends import FrontEnd
from earmark.model.classifier import Classifier
from earmark.model.registry import Registry
from trainer.data.splits import Side
from trainer.evaluate.challenger import Challenger
from trainer.evaluate.gate import KNOWN_VOICES, NEW_VOICES, Trial, Verdict, judge
from trainer.evaluate.metrics import Evaluation, Score

if TYPE_CHECKING:
    import pandas as pd

SYNTHETIC_WORTH = 0.66
"""Accuracy of a model made from synthetic voices alone, on all 3,000 clips of that data set."""

_UNHEARD = (
    "no recording was there to train on or to test with: it was made from synthetic voices "
    f"alone, which is worth about {SYNTHETIC_WORTH:.2f} on real voices that it never heard "
    "(measured with 80 of them on the Free Spoken Digit Dataset; docs/accuracy.md)"
)
_NAMES = {Side.KNOWN_VOICES: KNOWN_VOICES, Side.NEW_VOICES: NEW_VOICES}


@dataclass(frozen=True, slots=True)
class Champion:
    """The live model, or why there is none that can be compared."""

    classifier: Classifier | None
    remark: str = ""

    @property
    def version(self) -> str:
        return "" if self.classifier is None else self.classifier.version


VectorsOf = Callable[[FrontEnd, "pd.DataFrame"], tuple[NDArray[np.float32], NDArray[np.bool_]]]
"""The vectors of a table's clips by another front end, and which of them were found."""


def challenge(
    challenger: Challenger, registry: Registry, vectors_of: VectorsOf | None = None
) -> Verdict:
    """Hold a challenger against the floor, the live model and the best that was published.

    Parameters
    ----------
    vectors_of
        Lets a live model that hears through another front end be compared too: on the same
        clips, by its own vectors.
    """
    if len(challenger.table) == 0:
        return refused_unheard(registry) or Verdict(True, f"published: {_UNHEARD}")
    champion = live_model(registry, front_end=None if vectors_of else challenger.recipe.front_end)
    verdict = judge(
        list(trials(challenger, champion, registry, vectors_of)), floor=challenger.terms.floor
    )
    if not champion.remark:
        return verdict
    return Verdict(verdict.publish, f"{verdict.reason}; {champion.remark}")


def refused_unheard(registry: Registry) -> Verdict | None:
    """Over a challenger that no recording was there for; known before it is trained.

    Returns
    -------
    None where it would be published: no live model that can be used was trained on recordings.
    """
    champion = live_model(registry, front_end=None)
    if champion.classifier is None or not _heard_recordings(registry, champion.version):
        return None
    return Verdict(
        False,
        "refused: there is no clip whose digit is known, and a model from synthetic voices alone "
        f"never replaces {champion.version}, which was trained on recordings: ingest clips named "
        "{digit}_{speaker}_{take}.wav, or tell digits with `earmark clips correct`",
    )


def _heard_recordings(registry: Registry, version: str) -> bool:
    return bool(registry.card(version)["data"]["clips"])


def live_model(registry: Registry, *, front_end: str | None) -> Champion:
    """The model that labels now, if it eats the vectors of a front end (None: of any)."""
    try:
        classifier = Classifier(registry.artefact(registry.live()))
    except NoModel:
        return Champion(None, "it is the first model")
    except (ModelError, FrontEndMismatch) as error:
        return Champion(None, f"the live model could not be compared: {error}")
    if front_end is not None and classifier.front_end.name != front_end:
        return Champion(
            None,
            f"the live model {classifier.version} hears through {classifier.front_end.name} "
            "and was not compared",
        )
    return Champion(classifier)


def trials(
    challenger: Challenger,
    champion: Champion,
    registry: Registry,
    vectors_of: VectorsOf | None = None,
) -> Iterator[Trial]:
    """One trial for each test side that has clips."""
    for side, evaluation in challenger.evaluations.items():
        if evaluation is not None:
            right, shared = _right(champion, challenger, side, vectors_of)
            yield Trial(
                name=_NAMES[side],
                challenger=evaluation.right,
                champion=right,
                shared=shared,
                best=best_ever(registry, side, evaluation),
            )


def best_ever(registry: Registry, side: Side, evaluation: Evaluation) -> tuple[str, Score] | None:
    """The published version with the most right on exactly the clips of an evaluation."""
    scores = (
        (version, Score(metrics["correct"], metrics["clips"]))
        for version, metrics in _published(registry, side)
        if metrics.get("test_set") == evaluation.test_set
    )
    return max(scores, key=lambda item: item[1].correct, default=None)


def _published(registry: Registry, side: Side) -> Iterator[tuple[str, dict[str, Any]]]:
    for version in registry.versions():
        try:
            metrics = registry.card(version)["metrics"][side.value]
        except (ModelError, KeyError, TypeError):
            continue  # a card of another making stops no training
        if metrics is not None:
            yield version, metrics


def _right(
    champion: Champion, challenger: Challenger, side: Side, vectors_of: VectorsOf | None
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    if champion.classifier is None:
        return None, None
    table = challenger.split.of(side)
    vectors, shared = _vectors(champion.classifier, challenger, table, vectors_of)
    heard = champion.classifier.probabilities(vectors).argmax(axis=1)
    right: NDArray[np.bool_] = heard == table["digit"].to_numpy(np.int64)
    return right, shared


def _vectors(
    classifier: Classifier,
    challenger: Challenger,
    table: pd.DataFrame,
    vectors_of: VectorsOf | None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    if vectors_of is None or classifier.front_end.name == challenger.recipe.front_end:
        return matrix(table), None
    return vectors_of(classifier.front_end, table)
