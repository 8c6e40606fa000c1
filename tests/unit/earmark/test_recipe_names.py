"""The names by which recipes are asked for."""

from __future__ import annotations

from earmark.recipe_names import RecipeName
from trainer.recipes import RECIPES


def test_they_are_those_of_the_trainers_recipes() -> None:
    assert [name.value for name in RecipeName] == list(RECIPES)
