"""The names of the recipes, for whoever asks for a training without loading the trainer."""

from __future__ import annotations

from enum import StrEnum


class RecipeName(StrEnum):
    """What `trainer.recipes.RECIPES` has, by name."""

    NOTEBOOK = "notebook"
    SCALED = "scaled"
    TIME = "time"
