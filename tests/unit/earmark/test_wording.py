"""How counts are said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earmark.wording import counted, there_are


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 clips"), (1, "1 clip"), (2, "2 clips"), (1_234, "1,234 clips")]
)
def test_one_is_singular_and_all_else_plural(count: int, said: str) -> None:
    assert counted(count, "clip") == said


def test_a_sentence_agrees_with_its_count() -> None:
    assert there_are(1, "clip") == "there is 1 clip"
    assert there_are(0, "clip") == "there are 0 clips"


def test_no_command_says_a_plural_of_its_own(repository: Path) -> None:
    """A number right before a plural noun goes through `counted`; rates are as they are."""
    own = re.compile(r"\{[^{}'\"]*(?:len\(|count|:,)[^{}'\"]*\} [a-z]+s\b(?!/)")

    found = [
        f"{path.name}:{number}"
        for path in sorted((repository / "earmark/cli").glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if own.search(line)
    ]

    assert found == []
