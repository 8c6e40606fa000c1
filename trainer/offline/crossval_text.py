"""A cross-validation as a person reads it: the net, its learning, the folds, what was heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import nan
from statistics import fmean
from typing import Any

from earmark.wording import counted

_MOST_EPOCHS = 11
"""Rows of the history; `--json` has every epoch of every fold."""
_CURVES = {
    "loss": "loss",
    "accuracy": "accuracy",
    "val_loss": "val loss",
    "val_accuracy": "val acc",
}
"""Heads of the history's columns."""


def as_text(answer: Mapping[str, Any]) -> Iterator[str]:
    """The lines of an answer, as `earmark crossval --json` gives it."""
    counts = f"{counted(answer['clips'], 'clip')}, {counted(answer['speakers'], 'speaker')}"
    yield f"{answer['recipe']} ({answer['front_end']}), by {answer['by']}: {counts}"
    for part in (_net(answer["net"]), _history(answer["folds"]), _folds(answer)):
        yield ""
        yield from part
    yield ""
    yield "what was heard in the clips of all folds"
    yield from answer["report_text"].rstrip().split("\n")
    yield ""
    yield from _matrix(answer["confusion"])


def _net(net: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'layer':<24} {'kind':<22} {'gives':<16} {'parameters':>10}"
    for layer in net["layers"]:
        shape = " x ".join(str(size) for size in layer["shape"] if size is not None)
        yield f"{layer['name']:<24} {layer['kind']:<22} {shape:<16} {layer['parameters']:>10,}"
    yield f"{'all':<64} {net['parameters']:>10,}"


def _history(folds: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    histories = [fold["history"] for fold in folds]
    curves = [name for name in _CURVES if any(history[name] for history in histories)]
    epochs = max(len(history["loss"]) for history in histories)
    yield f"{'epoch':>5} " + "".join(f"{_CURVES[name]:>10}" for name in curves)
    for epoch in _shown(epochs):
        means = [_mean([history[name] for history in histories], epoch) for name in curves]
        yield f"{epoch:>5} " + "".join(f"{mean:>10.4f}" for mean in means)
    yield "means of the folds; --json has every epoch of each"


def _shown(epochs: int) -> list[int]:
    """The first, the last, and some between them, evenly."""
    count = min(epochs, _MOST_EPOCHS)
    return [1 + round(place * (epochs - 1) / max(count - 1, 1)) for place in range(count)]


def _mean(curves: Sequence[Sequence[float]], epoch: int) -> float:
    """Over the folds that got so far."""
    values = [curve[epoch - 1] for curve in curves if len(curve) >= epoch]
    return fmean(values) if values else nan


def _folds(answer: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'fold':<24} {'seed':>4} {'accuracy':>9} {'right':>6}"
    row = "{fold:<24} {seed:>4} {accuracy:>9.4f} {correct:>6} of {clips:<6} {seconds:>6.1f} s"
    yield from (row.format(**fold) for fold in answer["folds"])
    yield "mean {mean:.4f}, standard deviation of the folds {spread:.4f}".format(**answer)


def _matrix(confusion: Sequence[Sequence[int]]) -> Iterator[str]:
    yield "true digit by heard digit"
    yield "      " + "".join(f"{digit:>5}" for digit in range(10))
    for digit, row in enumerate(confusion):
        yield f"{digit:>4} |" + "".join(f"{count:>5}" for count in row)
