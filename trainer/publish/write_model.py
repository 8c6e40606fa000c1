"""The files of a published model, written into a staging folder."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earmark.datasets.table import matrix
from earmark.errors import TrainingError
from earmark.model.artifact import LITERT, TRAINED_ON, Announcement, Artefact, digest_keys
from earmark.model.classifier import Classifier
from earmark.model.registry import KERAS
from earmark.model.registry import sealed as seal
from earmark.model.version_folders import CARD
from trainer.evaluate.challenger import Challenger
from trainer.net.fit import probabilities
from trainer.net.tensorflow import keras, tensorflow
from trainer.publish import model_card, plots

if TYPE_CHECKING:
    import pandas as pd

MODEL_CARD = "MODEL_CARD.md"
LARGEST_LITERT_BYTES = 1_500_000
AGREEMENT = 1e-4
"""Largest difference of a probability between the Keras and the LiteRT model."""
_CHECKED_CLIPS = 512


def write(folder: Path, challenger: Challenger, card: Mapping[str, Any]) -> None:
    """Write a model with everything that is known of it.

    Parameters
    ----------
    folder
        Empty; what stands in it afterwards is a complete version.
    card
        As `trainer.publish.card.fill` makes it; the checksums are added here.

    Raises
    ------
    TrainingError
        When the two models disagree, the LiteRT model is too large, or the card has a gap.
    """
    fit, split = challenger.fit, challenger.split
    (folder / MODEL_CARD).write_text(model_card.render(card), encoding="utf-8")
    fit.model.save(folder / KERAS)
    (folder / LITERT).write_bytes(litert(fit.model))
    trained_on = [*split.train["digest"], *split.validation["digest"]]
    np.save(folder / TRAINED_ON, digest_keys(trained_on), allow_pickle=False)
    plots.learning_curves(fit.history, folder / "learning_curves.png")
    for place, told in challenger.calibration.reliability.items():
        plots.reliability(told, place.value, folder / f"reliability_{place.value}.png")
    for side, evaluation in challenger.evaluations.items():
        if evaluation is not None:
            plots.confusion(evaluation, side.value, folder / f"confusion_{side.value}.png")
    sealed = json.dumps(seal(dict(card), folder), indent=2, allow_nan=False)
    (folder / CARD).write_text(sealed + "\n", encoding="utf-8")
    hold_together(folder, _some_vectors(challenger))


def litert(model: Any) -> bytes:
    """A net as a LiteRT model with float32 weights.

    Raises
    ------
    TrainingError
        When it cannot be converted or is too large.
    """
    # Not `from_keras_model`, which prints to the standard output, nor
    # `from_concrete_functions`, which loses Keras's variables and answers NaN.
    with tempfile.TemporaryDirectory() as exported:
        model.export(exported, verbose=False)
        converter = tensorflow().lite.TFLiteConverter.from_saved_model(exported)
        try:
            data: bytes = converter.convert()
        except Exception as error:  # the converter documents none of what it raises
            raise TrainingError(f"the net cannot be converted to LiteRT: {error}") from error
    if len(data) > LARGEST_LITERT_BYTES:
        raise TrainingError(
            f"the LiteRT model has {len(data):,} bytes, and {LARGEST_LITERT_BYTES:,} is the limit"
        )
    return data


def summary(model: Any) -> str:
    """Keras's table of the layers, as text."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(str(line)), line_length=78)
    return "\n".join(lines).strip()


def hold_together(folder: Path, vectors: NDArray[np.float32]) -> None:
    """Read both written models back and compare them on vectors of clips.

    Raises
    ------
    TrainingError
        When they disagree on a probability.
    """
    card = json.loads((folder / CARD).read_text())
    artefact = Artefact.verified(
        Announcement.of_card(card),
        (folder / LITERT).read_bytes(),
        (folder / TRAINED_ON).read_bytes(),
    )
    saved = keras().saving.load_model(folder / KERAS, compile=False, safe_mode=True)
    expected = probabilities(saved, vectors)
    difference = float(np.abs(expected - Classifier(artefact).probabilities(vectors)).max())
    if not difference <= AGREEMENT:
        raise TrainingError(
            f"the Keras and the LiteRT model differ by {difference:.2g} on real clips, "
            f"and {AGREEMENT:g} is the limit: nothing was published"
        )


def _some_vectors(challenger: Challenger) -> NDArray[np.float32]:
    split, voices = challenger.split, challenger.additions.voices
    sides: list[pd.DataFrame] = [split.known_voices, split.new_voices, split.train]
    parts = [matrix(side) for side in sides if len(side)]
    parts += [] if voices is None else [voices.vectors]
    return np.concatenate(parts)[:_CHECKED_CLIPS]
