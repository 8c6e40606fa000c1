"""The pictures that stand beside a published model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from earmark.model.classifier import DIGITS
from trainer.evaluate.calibration import Reliability
from trainer.evaluate.metrics import Evaluation
from trainer.net.fit import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 110
_TRAINED = "#1f77b4"
_VALIDATED = "#d95f02"


def learning_curves(history: History, path: Path) -> None:
    """Draw loss and accuracy over the epochs into a PNG."""
    figure = _figure(9.0, 3.6)
    left, right = figure.subplots(1, 2)
    _curve(left, "loss", history.loss, history.val_loss)
    _curve(right, "accuracy", history.accuracy, history.val_accuracy)
    for axes in (left, right):
        axes.axvline(history.kept, color="0.6", linestyle=":", label=f"kept: epoch {history.kept}")
        axes.legend(frameon=False)
    _save(figure, path)


def confusion(evaluation: Evaluation, name: str, path: Path) -> None:
    """Draw a confusion matrix into a PNG: counts, shaded by the share of the true digit."""
    figure = _figure(6.0, 5.4)
    axes = figure.subplots()
    counts = evaluation.confusion
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true digit's clips")
    for (row, column), count in ((at, counts[at]) for at in _cells()):
        if count:
            dark = shares[row, column] > 0.5
            axes.text(column, row, f"{count}", ha="center", va="center", color="w" if dark else "k")
    axes.set_xticks(range(DIGITS))
    axes.set_yticks(range(DIGITS))
    axes.set_xlabel("heard digit")
    axes.set_ylabel("true digit")
    axes.set_title(f"{name.replace('_', ' ')}: {evaluation.score} right")
    _save(figure, path)


def reliability(told: Reliability, name: str, path: Path) -> None:
    """Draw accuracy against confidence into a PNG; on the diagonal a confidence is honest."""
    figure = _figure(4.8, 4.6)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", linestyle=":")
    sizes = [12 + 250 * clips / sum(told.clips) for clips in told.clips]
    axes.plot(told.confidence, told.accuracy, color=_TRAINED)
    axes.scatter(told.confidence, told.accuracy, s=sizes, color=_TRAINED)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    axes.set_title(f"{name.replace('_', ' ')}: calibration error {told.error:.3f}")
    axes.grid(alpha=0.3)
    _save(figure, path)


def _cells() -> list[tuple[int, int]]:
    return [(row, column) for row in range(DIGITS) for column in range(DIGITS)]


def _curve(axes: Axes, what: str, trained: tuple[float, ...], validated: tuple[float, ...]) -> None:
    axes.plot(range(1, len(trained) + 1), trained, color=_TRAINED, label="training")
    if validated:
        axes.plot(range(1, len(validated) + 1), validated, color=_VALIDATED, label="validation")
    axes.set_xlabel("epoch")
    axes.set_ylabel(what)
    axes.grid(alpha=0.3)


def _figure(width_inches: float, height_inches: float) -> Figure:
    from matplotlib.figure import Figure

    # Without pyplot: nothing global, and no window system is looked for.
    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def _save(figure: Figure, path: Path) -> None:
    # An empty Software entry: the same numbers give the same bytes with any matplotlib.
    figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Software": None})
