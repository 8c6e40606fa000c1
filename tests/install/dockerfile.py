"""What a Dockerfile says: its stages, and the steps of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction with its arguments, continuation lines joined."""

    name: str
    told: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One `FROM ... AS name`, and the steps up to the next."""

    name: str
    base: str
    steps: tuple[Step, ...]


def parse(text: str) -> dict[str, Stage]:
    """The stages of a Dockerfile by name, in their order."""
    joined = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    steps = [_step(line) for line in joined.splitlines() if line.strip()]
    starts = [index for index, step in enumerate(steps) if step.name == "FROM"]
    stages = [
        _stage(steps[start], steps[start + 1 : end])
        for start, end in zip(starts, [*starts[1:], len(steps)], strict=True)
    ]
    return {stage.name: stage for stage in stages}


def _step(line: str) -> Step:
    name, _, told = line.strip().partition(" ")
    return Step(name.upper(), told.strip())


def _stage(start: Step, steps: Sequence[Step]) -> Stage:
    base, _, name = start.told.split()
    return Stage(name, base, tuple(steps))
