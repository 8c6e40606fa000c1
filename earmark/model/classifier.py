"""The published net as the workers run it: LiteRT, without TensorFlow."""

from __future__ import annotations

import io
import os
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from earmark.errors import CorruptModel, FrontEndMismatch
from earmark.frontends import FrontEnd, front_end
from earmark.model.artifact import Announcement, Artefact

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

DIGITS = 10
NO_DIGIT = "it sounds like no digit"
_TOLD = 3
"""How many of the likeliest digits are told."""
_PLACES = 4


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model hears in one clip."""

    label: int
    confidence: float
    top: tuple[tuple[int, float], ...]
    sure: bool
    other: float = 0.0
    """Probability that it is no digit; 0 from a model that does not tell."""

    @property
    def reason(self) -> str | None:
        """What a person is told of it beside the label."""
        return NO_DIGIT if self.other >= self.confidence else None


class Classifier:
    """One version of the model, ready to label.

    Parameters
    ----------
    artefact
        The verified bytes of the version.

    Raises
    ------
    FrontEndMismatch
        When the model eats the vectors of a front end that this program does not have.
    CorruptModel
        When the bytes are no LiteRT model, or one of another shape.
    """

    def __init__(self, artefact: Artefact) -> None:
        self.announcement: Announcement = artefact.announcement
        self.front_end: FrontEnd = _matching_front_end(artefact.announcement)
        self._trained_on = artefact.trained_on
        self._rows = 0
        with _silent_stderr():
            self._interpreter = _interpreter(artefact.litert, self.version)
            self._resize(1)
        self._check_shape()

    @property
    def version(self) -> str:
        return self.announcement.version

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `everything`, of the digits alone: float32, shape (clips, 10).

        Each row sums to 1, or to less by the probability of no digit.
        """
        return self.everything(vectors)[:, :DIGITS]

    def everything(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each digit, and of none from a model that tells it.

        Parameters
        ----------
        vectors
            float32, shape (clips, dimensions of the front end).

        Returns
        -------
        float32, shape (clips, 10) or (clips, 11); each row sums to 1.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.front_end.dimensions:
            raise FrontEndMismatch(
                f"model {self.version} eats vectors of {self.front_end.dimensions} values "
                f"({self.front_end.name}), not an array of shape {vectors.shape}"
            )
        if len(vectors) == 0:
            return np.empty((0, self._classes), np.float32)
        self._resize(len(vectors))
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(vectors, np.float32))
        self._interpreter.invoke()
        answer: NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        return answer

    def guess(self, vectors: NDArray[np.float32]) -> list[Guess]:
        """Label a batch of vectors, float32 of shape (clips, dimensions)."""
        answers = self.everything(vectors)
        best = np.argsort(-answers[:, :DIGITS], axis=1, kind="stable")[:, :_TOLD]
        # Rounded as float64: as float32 0.9 would be told as 0.8999999761581421.
        shares = np.take_along_axis(answers, best, axis=1).astype(np.float64).round(_PLACES)
        others = answers[:, DIGITS:].astype(np.float64).round(_PLACES)
        rows = zip(best.tolist(), shares.tolist(), others.tolist(), strict=True)
        return [self._guess(*row) for row in rows]

    def was_trained_on(self, digest: str) -> bool:
        """Whether the clip of this digest was training data of this model."""
        key = int(digest[:16], 16)
        place = bisect_left(self._trained_keys, key)
        return place < len(self._trained_keys) and self._trained_keys[place] == key

    def _guess(self, digits: list[int], shares: list[float], other: list[float]) -> Guess:
        label, confidence = digits[0], shares[0]
        sure = confidence >= self.announcement.thresholds[label]
        top = tuple(zip(digits, shares, strict=True))
        return Guess(label, confidence, top, sure, *other)

    @cached_property
    def _trained_keys(self) -> Sequence[int]:
        # A view: for one key at a time it is several times as fast as the array itself.
        return memoryview(np.load(io.BytesIO(self._trained_on), allow_pickle=False))

    def _resize(self, rows: int) -> None:
        if rows == self._rows:
            return
        details = self._interpreter.get_input_details()[0]
        self._input = details["index"]
        self._interpreter.resize_tensor_input(self._input, [rows, self.front_end.dimensions])
        self._interpreter.allocate_tensors()
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._rows = rows

    def _check_shape(self) -> None:
        shape = tuple(self._interpreter.get_output_details()[0]["shape"])
        if shape not in ((1, DIGITS), (1, DIGITS + 1)):
            raise CorruptModel(f"model {self.version} answers with {shape}, not with 10 digits")
        self._classes = int(shape[1])


def _matching_front_end(announcement: Announcement) -> FrontEnd:
    try:
        found = front_end(announcement.front_end)
    except ValueError as error:
        raise FrontEndMismatch(f"model {announcement.version} cannot be used: {error}") from error
    if found.fingerprint != announcement.fingerprint:
        raise FrontEndMismatch(
            f"model {announcement.version} was trained on {announcement.front_end} "
            f"{announcement.fingerprint}, and this program extracts {found.fingerprint}: "
            "run the same version of Earmark everywhere, or train anew"
        )
    return found


def _interpreter(litert: bytes, version: str) -> Interpreter:
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(model_content=litert, num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise CorruptModel(f"model {version} is no LiteRT model: {error}") from error


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """LiteRT announces its delegate on stderr, and has no switch for that."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
