"""The commands about the clips that the store knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import call
from tests.fixture_types import Label, Tone


@pytest.mark.parametrize(
    ("limit", "told"), [(2, "there are more than these 2: --limit shows more of them\n"), (3, "")]
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_list_that_ends_early_says_so(
    online: Path, tone: Tone, label_inbox: Label, limit: int, told: str, form: tuple[str, ...]
) -> None:
    for number in range(3):
        tone(online / f"inbox/{number}.wav", hertz=300 + number)
    label_inbox(online / "inbox")

    listed = call("clips", "list", "--limit", limit, *form)

    assert listed.stderr == told
    rows = json.loads(listed.stdout) if form else listed.stdout.splitlines()[1:]
    assert len(rows) == limit
