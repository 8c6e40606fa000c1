"""One training, from the table to the published model: train, evaluate, publish."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from earmark.errors import ModelError, TrainingError
from earmark.frontends import front_end
from earmark.model.registry import Registry
from trainer.data import fingerprint
from trainer.data.material import Material
from trainer.data.splits import Side
from trainer.evaluate.challenger import Challenger, Terms, may_be_unheard, train_challenger
from trainer.evaluate.champion import challenge, refused_unheard
from trainer.evaluate.gate import Verdict
from trainer.net.fit import Progress
from trainer.publish import card, write_model
from trainer.recipes import Recipe

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = "published"
REFUSED = "refused"
UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a training ended."""

    outcome: str
    """`published`, `refused` by the gate, or `unchanged`: nothing was trained."""
    reason: str
    """A sentence for people, with the numbers."""
    recipe: str
    inputs: str
    """Fingerprint of the data, the recipe and the terms; empty where none of them mattered."""
    at: str
    """When, ISO 8601 in UTC."""
    version: str | None = None
    """The version that was published; when nothing changed, that of the training before."""
    speakers: Mapping[str, str] = field(default_factory=dict)
    """The side of each speaker, which the next training inherits."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """By test side: accuracy, correct, clips, interval; None where there are no clips."""
    seconds: float = 0.0
    """What fitting the net took."""
    cache_bytes: int = 0
    """What views and synthetic voices take on disk, to be ready for the next training."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, which the next training takes as its `last`."""
        return asdict(self)


def train(  # noqa: PLR0913 - one argument for each thing that a training depends on
    table: pd.DataFrame,
    *,
    recipe: Recipe,
    registry: Registry,
    terms: Terms,
    now: datetime,
    last: Mapping[str, Any] | None = None,
    force: bool = False,
    material: Material | None = None,
    progress: Progress | None = None,
    before_publishing: Callable[[], None] = lambda: None,
) -> Result:
    """Train a challenger, evaluate it, and publish it if the gate lets it through.

    Parameters
    ----------
    table
        All clips with a digit as truth, as `earmark.datasets.table.COLUMNS`, with the vectors of
        the recipe's front end.
    now
        Names the version; with a time zone.
    last
        `Result.as_json()` of the training before, published or refused.
    force
        Train although nothing has changed since; the gate stands nevertheless.
    material
        Recordings and caches, for recipes that augment and live models of another front end.
    before_publishing
        Called when all is done but the publication; raises when it must not be.

    Raises
    ------
    NotEnoughClips
        When there is too little to train on or to test with.
    TrainingError
        When the model cannot be written, or its two forms disagree.
    ModelError
        When the models' folder is not Earmark's.
    """
    registry.insist_on_its_folder()
    if len(table) == 0 and may_be_unheard(recipe, terms) and (no := refused_unheard(registry)):
        return _not_trained(no, recipe, last or {}, now)
    inputs = _inputs(table, recipe, terms)
    if last and not force and _nothing_changed(inputs, last, registry):
        return _unchanged(last, now)
    earlier = earlier_sides(registry, last or {})
    challenger = train_challenger(
        table, recipe, terms, earlier=earlier, material=material, progress=progress
    )
    cached = material.cache_bytes if material else 0
    verdict = challenge(challenger, registry, material.vectors if material else None)
    before_publishing()
    version = publish(challenger, verdict, registry, now, cached) if verdict.publish else None
    return Result(
        outcome=PUBLISHED if verdict.publish else REFUSED,
        reason=verdict.reason,
        recipe=recipe.name,
        inputs=inputs,
        at=card.iso(now),
        version=version,
        speakers={name: side.value for name, side in challenger.split.speakers.items()},
        metrics=challenger.metrics,
        seconds=round(challenger.fit.seconds, 2),
        cache_bytes=cached,
    )


def publish(
    challenger: Challenger,
    verdict: Verdict,
    registry: Registry,
    now: datetime,
    cache_bytes: int = 0,
) -> str:
    """Write a challenger as a new version, make it the live one, and prune old ones.

    Parameters
    ----------
    cache_bytes
        What its views and synthetic voices take on disk; stands on the card.

    Raises
    ------
    TrainingError
        When it cannot be written, or is not fit to be published; the live model stays.
    """
    version = version_name(now, fingerprint.of_data(challenger.table))
    filled = card.fill(challenger, verdict, version=version, now=now, cache_bytes=cache_bytes)
    try:
        staged = registry.staging(version)
        try:
            write_model.write(staged, challenger, filled)
            registry.publish(staged, version)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        registry.promote(version)
        registry.prune()
    except OSError as error:
        raise TrainingError(
            f"model {version} cannot be written to {registry.folder}: {error}"
        ) from error
    return version


def earlier_sides(registry: Registry, last: Mapping[str, Any]) -> dict[str, str]:
    """The side of every speaker in earlier trainings, from the newest card and the last result."""
    versions = registry.versions()
    try:
        splits = registry.card(versions[-1])["splits"] if versions else {}
    except (ModelError, KeyError):
        splits = {}
    places = {
        name: side.value
        for side in (Side.NEW_VOICES, Side.KNOWN_VOICES)
        for name in splits.get(side.value, ())
    }
    return places | dict(last.get("speakers", {}))


def version_name(now: datetime, data: str) -> str:
    """Such as `20261123-041500-3f9a`: the moment in UTC, and the data's fingerprint."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{data[:4]}"


def _inputs(table: pd.DataFrame, recipe: Recipe, terms: Terms) -> str:
    extractor = front_end(recipe.front_end)
    values = [fingerprint.of_data(table), extractor.fingerprint, recipe.as_json(), asdict(terms)]
    return fingerprint.of_values(values)


def _not_trained(
    verdict: Verdict, recipe: Recipe, last: Mapping[str, Any], now: datetime
) -> Result:
    """The end of a training that could only have been refused."""
    return Result(
        outcome=REFUSED,
        reason=verdict.reason,
        recipe=recipe.name,
        inputs="",  # of no training: the next one is not "unchanged" since
        at=card.iso(now),
        speakers=last.get("speakers", {}),
    )


def _nothing_changed(inputs: str, last: Mapping[str, Any], registry: Registry) -> bool:
    lost = last.get("version") is not None and last["version"] not in registry.versions()
    return last.get("inputs") == inputs and not lost


def _unchanged(last: Mapping[str, Any], now: datetime) -> Result:
    told = (
        "nothing was trained: clips, recipe and settings are as they were at "
        f"{last['at']} ({last['reason']})"
    )
    return Result(
        outcome=UNCHANGED,
        reason=last["reason"] if last["outcome"] == UNCHANGED else told,
        recipe=last["recipe"],
        inputs=last["inputs"],
        at=card.iso(now),
        version=last["version"],
        speakers=last["speakers"],
        metrics=last["metrics"],
        cache_bytes=last.get("cache_bytes", 0),
    )
