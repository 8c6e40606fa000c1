"""Variables in compose files and Dockerfiles: `${NAME}` and its forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<form>:?[-?+])(?P<word>[^}]*))?\})"
)


class Missing(Exception):
    """A variable that must be set is not; the message is the file's own."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Put variables in; one that nobody set is empty.

    Raises
    ------
    Missing
        For `${NAME:?message}` and `${NAME?message}`.

    Examples
    --------
    >>> expand("${A:-x} ${B:-x} ${B-x} ${A:+y} $A $$A $C.", {"A": "1", "B": ""})
    '1 x  y 1 $A .'
    """
    return _VARIABLE.sub(partial(_value, variables), text)


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:
    """Put variables into every text of a loaded YAML file; names of keys stay."""
    match value:
        case str():
            return expand(value, variables)
        case list():
            return [interpolate(each, variables) for each in value]
        case dict():
            return {key: interpolate(each, variables) for key, each in value.items()}
    return value


def read_env(text: str) -> dict[str, str]:
    """The plain lines `NAME=value` of a `.env` file."""
    pairs = [line.partition("=") for line in text.splitlines() if not line.startswith("#")]
    return {name.strip(): value.strip().strip("\"'") for name, sign, value in pairs if sign}


def _value(variables: Mapping[str, str], found: re.Match[str]) -> str:
    if found["escaped"]:
        return "$"
    name, form, word = found["bare"] or found["name"], found["form"] or "", found["word"] or ""
    value = variables.get(name)
    lacking = value is None or (":" in form and not value)
    if form.endswith("?") and lacking:
        raise Missing(f"{name}: {word}")
    if form.endswith("+"):
        return "" if lacking else word
    return word if form and lacking else value or ""
