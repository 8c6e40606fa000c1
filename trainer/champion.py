"""The live model and the best ever, on the challenger's test sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.classifier import Classifier
from earmark.dataset import matrix
from earmark.errors import FrontEndMismatch, ModelError, NoModel
from earmark.registry import Registry
from trainer.challenger import Challenger
from trainer.evaluation import Evaluation, Score
from trainer.gate import KNOWN_VOICES, NEW_VOICES, Trial, Verdict, judge
from trainer.splits import Side

_NAMES = {Side.KNOWN_VOICES: KNOWN_VOICES, Side.NEW_VOICES: NEW_VOICES}


@dataclass(frozen=True, slots=True)
class Champion:
    """The live model, or why there is none that can be compared."""

    classifier: Classifier | None
    remark: str = ""


def challenge(challenger: Challenger, registry: Registry) -> Verdict:
    """Hold a challenger against the floor, the live model and the best that was published."""
    champion = live_model(registry, front_end=challenger.recipe.front_end)
    verdict = judge(list(trials(challenger, champion, registry)), floor=challenger.terms.floor)
    if not champion.remark:
        return verdict
    return Verdict(verdict.publish, f"{verdict.reason}; {champion.remark}")


def live_model(registry: Registry, *, front_end: str) -> Champion:
    """The model that labels now, if it eats the vectors of a front end."""
    try:
        classifier = Classifier(registry.artefact(registry.live()))
    except NoModel:
        return Champion(None, "it is the first model")
    except (ModelError, FrontEndMismatch) as error:
        return Champion(None, f"the live model could not be compared: {error}")
    if classifier.front_end.name != front_end:
        return Champion(
            None,
            f"the live model {classifier.version} hears through {classifier.front_end.name} "
            "and was not compared",
        )
    return Champion(classifier)


def trials(challenger: Challenger, champion: Champion, registry: Registry) -> Iterator[Trial]:
    """One trial for each test side that has clips."""
    for side, evaluation in challenger.evaluations.items():
        if evaluation is not None:
            yield Trial(
                name=_NAMES[side],
                challenger=evaluation.right,
                champion=_right(champion, challenger, side),
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


def _right(champion: Champion, challenger: Challenger, side: Side) -> NDArray[np.bool_] | None:
    if champion.classifier is None:
        return None
    table = challenger.split.of(side)
    heard = champion.classifier.probabilities(matrix(table)).argmax(axis=1)
    right: NDArray[np.bool_] = heard == table["digit"].to_numpy(np.int64)
    return right
